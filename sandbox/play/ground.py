"""The playground of `make up`: customers of the demo's kinds, cases that are moved on, providers that fail.

It lives in the process of the stand-ins and takes orders from `python -m sandbox` by HTTP.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from domain.ids import workflow_id
from gateways.ports.inbox import InboxRow
from runtime import wiring
from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import connected
from sandbox.machine.running import Running
from sandbox.play.customers import Actor
from sandbox.play.drive import Driver, Lead
from sandbox.play.entering import enter
from sandbox.play.front import Front, front_door
from sandbox.play.place import PROVIDERS
from sandbox.play.postman import Postman
from sandbox.play.script import Customer, read_world
from sandbox.play.virtual_time import CaseClock
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from service.feed import NO_CASE

MOST_DAYS = 400
_ALWAYS = 1_000_000


@dataclass
class Cast:
    """Who plays: kept with the world's state."""

    postman: Postman
    actors: dict[str, Actor] = field(default_factory=dict)  # by invoice


class Ground:
    """Carries out orders. Each answers with lines for a terminal; raises SandboxError."""

    def __init__(self, world: ProviderWorld, cast: Cast | None) -> None:
        self.cast = cast or Cast(Postman(world, []))
        self._world = world
        self._here: Running | None = None
        self._turn = asyncio.Lock()
        script = read_world()
        everybody = (*script.customers, *script.left_open)
        self._kinds = {customer.key: customer for customer in everybody if customer.is_a_kind}
        world.doors.append(Route("/sandbox", self._ordered, methods=["POST"]))

    def begin(self, here: Running) -> None:
        """From now on orders are taken."""
        self._here = here

    async def _ordered(self, request: Request) -> JSONResponse:
        order = await request.json()
        name = order.pop("do")
        orders: dict[str, Callable[..., Awaitable[list[str]]]] = {
            "kinds": self.kinds,
            "add": self.add,
            "move": self.move,
            "fail": self.fail,
            "heal": self.heal,
        }
        try:
            if name in ("fail", "heal"):  # while a case is led on, too: it may be what that waits for
                return JSONResponse({"said": await orders[name](**order)})
            async with self._turn:
                return JSONResponse({"said": await orders[name](**order)})
        except SandboxError as error:
            return JSONResponse({"refused": str(error)}, status_code=409)

    async def kinds(self) -> list[str]:
        """Every kind of customer, with its story."""
        return [f"{key:<14} {customer.story}" for key, customer in self._kinds.items()]

    async def add(self, kind: str) -> list[str]:
        """A customer of a kind, whose payment fails now, and the case that it opens."""
        if kind not in self._kinds:
            raise SandboxError(f"There is no kind {kind}: python -m sandbox kinds lists them.")
        actor, row = await self._told_of(kind)
        if row.result == NO_CASE:
            return [f"{actor.script.name} ({actor.script.story}): no case", f"  {row.note}"]
        return [
            f"{actor.script.name} ({actor.script.story}): {row.result or row.state}",
            f"  customer {actor.customer}, invoice {actor.invoice}, case {workflow_id(actor.invoice)}",
            f"  python starter.py show {actor.invoice}",
            f"  python -m sandbox move {actor.invoice} 7",
        ]

    async def _told_of(self, kind: str) -> tuple[Actor, InboxRow]:
        """The customer, and what became of Stripe's event of the failure."""
        async with self._front() as front:
            actor = self.enters(self._kinds[kind])
            told = self.cast.postman.webhooks(actor, actor.opened_at)
            await front.deliver(told)
            failures = [one for one in told if one.kind == "invoice.payment_failed"]
            row = await front.row(failures[0]) if failures else None
        if row is None:
            raise SandboxError(f"{actor.script.name}: the inbox has no event of the failure: see web.log.")
        return actor, row

    def enters(self, script: Customer) -> Actor:
        """The customer in the stand-ins, from now on one of the cast."""
        actor = enter(script, self._world, datetime.now(UTC))
        self.cast.postman.knows(actor)
        self.cast.actors[actor.invoice] = actor
        return actor

    async def move(self, invoice: str, days: float) -> list[str]:
        """Moves a case on by so many days of its own; its customer, its bank and Stripe's events go along."""
        actor = self.cast.actors.get(invoice.removeprefix(workflow_id("")))
        if actor is None:
            known = ", ".join(self.cast.actors) or "none yet"
            raise SandboxError(f"No customer here has the invoice {invoice}: there are {known}.")
        if not 0 < days <= MOST_DAYS:
            raise SandboxError(f"A case is moved by more than 0 and at most {MOST_DAYS} days.")
        async with self._front() as front:
            ledger = front.ledger
            if ledger.case(actor.invoice) is None:
                raise SandboxError(f"Invoice {actor.invoice} has no case yet: give its event to starter.py start.")
            since, lead = await self._led(actor, front, timedelta(days=days))
            happened = [entry for entry in ledger.record(actor.invoice) if entry.at > since]
        said = [f"{entry.at:%Y-%m-%d %H:%M}  {entry.what}{f': {entry.why}' if entry.why else ''}" for entry in happened]
        stands = (
            "The case is closed." if lead.closed else f"The case's clock stands at {lead.now:%Y-%m-%d %H:%M} (UTC)."
        )
        return [*said, stands]

    async def _led(self, actor: Actor, front: Front, ahead: timedelta) -> tuple[datetime, Lead]:
        """Where the case's clock stood, and the case once it has been led on."""
        here = self._running
        client = await connected(here.settings)
        clock = CaseClock(client, client.get_workflow_handle(workflow_id(actor.invoice)))
        since = (await clock.settle()).now
        until = since + ahead
        driver = Driver(client, front, here.environment, self.cast.postman, until, Nobody())
        [lead] = await driver.run([actor])
        if not lead.closed:
            lead.now = (await clock.move_to(until)).now
        return since, lead

    async def fail(self, provider: str, mode: str, times: int | None) -> list[str]:
        """Lets a provider fail, for a number of requests or until it is healed."""
        if provider not in PROVIDERS:
            raise SandboxError(f"There is no provider {provider}: use {', '.join(PROVIDERS)}.")
        self._world.faults.add(provider, "", Mode(mode), times=times or _ALWAYS)
        how_long = f"the next {times} requests" if times else "until python -m sandbox heal"
        return [f"{provider} fails with {mode}: {how_long}"]

    async def heal(self) -> list[str]:
        """All providers work again."""
        self._world.faults.clear()
        return ["All providers work again."]

    @property
    def _running(self) -> Running:
        if self._here is None:
            raise SandboxError("It is just starting: try again in a few seconds.")
        return self._here

    @asynccontextmanager
    async def _front(self) -> AsyncIterator[Front]:
        """The front door; the providers' webhooks wait meanwhile."""
        here = self._running
        with closing(wiring.open_ledger(here.settings)) as ledger:
            async with front_door(self._world, ledger, here.environment["WEB_PUBLIC_URL"]) as front:
                yield front


class Nobody:
    """Watches nothing."""

    def begins(self, leads: Sequence[Lead]) -> None: ...

    def ends(self, lead: Lead) -> None: ...
