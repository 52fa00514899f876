"""Lives one household to its end: the stand-ins, the real way in, real activities, a real ledger, virtual time."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

from temporalio.client import Client
from temporalio.service import RPCError

from domain import events
from domain.base import Message
from domain.decisions import Effect
from domain.ids import workflow_id
from domain.life import Decided
from domain.telling import ORDERS
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.provider_facts import ForeignEvent, Ignored, MalformedEvent, PaymentFailed
from gateways.stripe_origin import Served
from runtime import wiring
from runtime.equipment import installation
from runtime.settings import Settings
from sandbox.machine.environment import stand_in_environment
from sandbox.providers.world import ProviderWorld
from service.channels import Channels
from service.intake import Intake
from service.opening import NotAdmitted, WrongRecord
from service.reports import Reports
from service.requests import Refused
from service.running import RunningCases
from service.starting import CaseStarter
from service.sweep import Sweeping
from service.sweep_cases import CaseCheck
from service.threads import Threads
from tests.lives.happenings import Happenings
from tests.lives.household import FIRST, Chance
from tests.lives.lived import Done, Lived, Unlived
from tests.lives.temporal import Activity, Held, Temporal, Watch
from tests.lives.wire import Wire

_EXPECTED = (NotAdmitted, WrongRecord, ForeignEvent, MalformedEvent, ProviderTrouble, ProviderMisuse)
_MOST_TURNS = 6_000
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_SWEPT_BACK = timedelta(days=30)
_PATIENCE = timedelta(days=400)
"""After this a life that has not ended never will."""


class _AtOnce(asyncio.SelectorEventLoop):
    """A loop without threads: a life is one thing after another, and each call of a thread costs a wait."""

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002 - the loop's own name
        func: Callable[[Unpack[Ts]], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        answered: asyncio.Future[T] = self.create_future()
        try:
            answered.set_result(func(*args))
        except Exception as error:
            answered.set_exception(error)
        return answered


class Office:
    """What all lives of a process share: settings, activities, ledger. Worlds come and go below it."""

    def __init__(self, folder: Path, policies: Path) -> None:
        self.wire = Wire()
        self.now = FIRST
        world = ProviderWorld(world_id="00000000")
        world.reached_in_process()
        values = stand_in_environment("127.0.0.1:7233", world, folder) | {
            "PROVIDER_TIMEOUT": "PT2S",
            "CALL_BACK_NUMBER": "+66212345678",
            "DUNNING_POLICIES": str(policies),
        }
        self.settings = Settings.model_validate({name.lower(): value for name, value in values.items()})
        self.ledger = wiring.open_ledger(self.settings)
        found = {one.__name__: one for one in wiring.activities(self.settings, self.clock)}
        self.activities = cast("dict[str, Activity]", found)
        self.payments = wiring.stripe_payments(self.settings)
        self.policies = wiring.policy_store(self.settings)
        self.declines = wiring.decline_table(self.settings)
        self.loop = _AtOnce()

    def clock(self) -> datetime:
        return self.now

    def close(self) -> None:
        self.ledger.close()
        self.loop.close()


class Town(Watch):
    """One household in an office. `sweeps`: no webhook ever comes, and so long after each news there is a sweep."""

    def __init__(
        self, office: Office, seed: int, chance: type[Chance] = Chance, sweeps: timedelta | None = None
    ) -> None:
        self.office = office
        self.seed = seed
        office.now = FIRST
        self.world = ProviderWorld(clock=office.clock, world_id=f"{seed:08x}")
        office.wire.app = self.world.application()
        self.temporal = Temporal(office.activities, self)
        client = cast("Client", self.temporal)
        self.intake = Intake(
            client,
            "dunning",
            office.ledger,
            office.payments,
            office.policies,
            office.declines,
            office.clock,
            at_once=1,
            served=Served.by(office.settings.stripe_secret, None),
        )
        self.running = RunningCases(client, office.ledger)
        self.channels = Channels(self.running, office.ledger, partial(installation, office.settings), office.clock)
        starter = CaseStarter(client, "dunning", office.clock)
        self.reports = Reports(self.running, starter, office.ledger, office.clock)
        self._threads = Threads(1, "sweep")
        check = CaseCheck(client, starter, office.ledger, office.payments, self.intake, self._threads, office.clock)
        self.sweeping = Sweeping(
            office.ledger,
            office.ledger,
            office.payments.lists,
            office.payments,
            self.intake,
            check,
            self._threads,
            office.clock,
            back=_SWEPT_BACK,
            grace=timedelta(0),
        )
        happenings = Happenings(self.tell)
        self.chance = chance(seed, self.world, happenings)
        self._sweeps = sweeps
        self._next_sweep: datetime | None = None
        self.random = self.chance.random
        self.lived = Lived(self.chance.house, self.world, office.ledger, office.policies, self.temporal.cases)
        self.lived.out_of_band = happenings.out_of_band
        self._events_seen = self._entries_seen = 0
        self._post: list[tuple[datetime, int, Any]] = []  # events on their way to us
        self._acting = False
        self._operators: set[str] = set()

    def live(self) -> Lived:
        """Until nothing more can happen. Raises Unlived."""
        try:
            self.office.now = self.chance.begin
            self.chance.draw()
            for _ in range(_MOST_TURNS):
                if not self._step():
                    break
            else:
                raise Unlived("it never comes to rest")
        finally:
            self.sweeping.close()
            self.intake.close()
        return self.lived

    def _step(self) -> bool:
        self._after_the_world()
        nexts = (self._next_turn(), self._next_happening(), self._next_post(), self._next_sweep)
        moments = [when for when in nexts if when]
        if not moments:
            return False
        self._be(max(self.office.now, min(moments)))
        if self.office.now > self.chance.begin + _PATIENCE:
            raise Unlived("it goes on after more than a year")
        self._deliver()
        if self._next_sweep and self._next_sweep <= self.office.now:
            self._sweep(self._next_sweep)
        while (when := self._next_happening()) and when <= self.office.now:
            self._happen()
        self._after_the_world()
        if (when := self._next_turn()) and when <= self.office.now:
            self.temporal.turn()
        self._operate()
        return True

    def _be(self, at: datetime) -> None:
        self.office.now = self.temporal.now = at

    def _next_turn(self) -> datetime | None:
        when, away = self.temporal.next_at(), self.chance.house.away
        if when and away and away[0] <= max(when, self.office.now) < away[1]:
            self.lived.away = away[1] - away[0]
            return away[1]
        return when

    # What happens in the world.

    def _next_happening(self) -> datetime | None:
        return min((at for at, _, _ in self.chance.house.happens), default=None)

    def _happen(self) -> None:
        house = self.chance.house
        house.happens.sort(key=lambda one: one[0])
        _, name, act = house.happens.pop(0)
        self._note(name)
        act()

    def _note(self, what: str) -> None:
        self.lived.story.append(f"{self.office.now:%m-%d %H:%M:%S} {what}")

    def _after_the_world(self) -> None:
        """Stripe's events set out, and the banks begin to think about new debits."""
        now = self.office.now
        for event in self.world.stripe.store.events[self._events_seen :]:
            self._events_seen += 1
            if self._sweeps:
                self._next_sweep = self._next_sweep or now + self._sweeps
                continue
            for _ in range(2 if self.random.random() < 0.03 else 1):
                self._post.append((now + self._delay(), self._events_seen, event))
        for entry in self.world.journal.entries[self._entries_seen :]:
            self._entries_seen += 1
            if entry.kind == "charge.processing":
                self._bank_thinks(entry.subjects["invoice"])

    def _delay(self) -> timedelta:
        pick = self.random.random()
        if pick < 0.8:
            return timedelta(seconds=self.random.randint(0, 3))
        return timedelta(minutes=self.random.randint(1, 60 if pick < 0.9 else 72 * 60))

    def _bank_thinks(self, invoice: str) -> None:
        answer = self.chance.bank_answer()
        when = self.office.now + timedelta(hours=self.random.randint(3, 220))
        self.chance.later(f"bank answers {invoice}", when, lambda: self.world.stripe.finish_processing(invoice, answer))

    def _next_post(self) -> datetime | None:
        return min((at for at, _, _ in self._post), default=None)

    def _deliver(self) -> None:
        due = sorted((one for one in self._post if one[0] <= self.office.now), key=lambda one: one[:2])
        self._post = [one for one in self._post if one[0] > self.office.now]
        for at, number, event in due:
            try:
                fact = self.intake.read_event(event)
                if isinstance(fact, Ignored):
                    continue
                self.office.loop.run_until_complete(self.intake.receive(fact))
                if isinstance(fact, PaymentFailed):
                    self.lived.failures.append((self.office.now, fact.invoice_id, fact.at))
            except (ProviderTrouble, ProviderMisuse):
                # Given again later, as a webhook is.
                self._post.append((at + timedelta(hours=1), number, event))
            except _EXPECTED:
                continue

    def _sweep(self, at: datetime) -> None:
        """Again a while later, while Stripe cannot be asked, or there was nobody to tell."""
        self._next_sweep = None
        try:
            self.office.loop.run_until_complete(self._swept())
            now = self.office.now
            self.lived.failures += [(now, invoice, now) for invoice in self.chance.house.invoices]
        except (ProviderTrouble, ProviderMisuse):
            self._next_sweep = at + timedelta(hours=1)

    async def _swept(self) -> None:
        now = await self.sweeping.begin()
        while not now.ended_at:
            now = await self.sweeping.page(now)

    # What does not come from Stripe.

    def tell(self, invoice: str, name: str, message: Message) -> None:
        """An order, or a report, about an invoice that may have no case."""
        if name == "contact_reported":
            report = cast("events.ContactReported", message)
            self._reported(invoice, report)
            return
        if name == "agency_reported" and not self.office.ledger.was_handed_off(invoice):
            return
        try:
            if name in ORDERS:
                self._order(invoice, name, message)
            else:
                self.temporal.tell(workflow_id(invoice), name, message)
        except (RPCError, Refused):
            return
        self.lived.ordered.setdefault(invoice, []).append(name)

    def _order(self, invoice: str, name: str, order: Message) -> None:
        """Raises Refused. A channel is opened for the person, who asked for it in half of the lives."""
        held = self.temporal.cases.get(workflow_id(invoice))
        upcoming = held.case.upcoming if held else None
        if isinstance(order, events.ReopenChannel):
            customer, asked = self.channels.customer_of(invoice), self.random.random() < 0.5
            self.office.loop.run_until_complete(self.channels.reopen(customer, order.channel, order, asked=asked))
            self.lived.reopened.append((len(self.world.log), customer, order.channel.value))
        else:
            self.office.loop.run_until_complete(self.running.order(invoice, name, order))
        if name == "skip" and upcoming:
            self.lived.skipped.append((len(self.lived.done), invoice, upcoming.key))

    def _reported(self, invoice: str, report: events.ContactReported) -> None:
        if self.office.ledger.case(invoice) is None:
            return
        told = self.reports.contact(invoice, report.channel, report.result, report.event_id)
        try:
            self.office.loop.run_until_complete(told)
        except Refused:
            return
        if report.result in events.WISHES:
            self.lived.wished.append((len(self.world.log), invoice, report.channel.value))
        if report.result in events.NOT_ARRIVED:
            self.lived.not_arrived.append((self.office.now, invoice, report.channel.value))

    def _operate(self) -> None:
        """Somebody looks after cases that wait for somebody, within days."""
        for held in self.temporal.cases.values():
            invoice = held.case.facts.invoice_id
            waits = any(hold.until is None and hold.reason.value.startswith("operator") for hold in held.case.holds)
            if held.closed_at or not waits or invoice in self._operators or held.running:
                continue
            self._operators.add(invoice)
            when = self.office.now + timedelta(hours=self.random.randint(1, 80))
            self.chance.later(f"operator {invoice}", when, self._operator(invoice))

    def _operator(self, invoice: str) -> Callable[[], None]:
        def act() -> None:
            self._operators.discard(invoice)
            given = self.lived.ordered.get(invoice, []).count("resume")
            if given > 12 or self.random.random() < 0.1:
                self.tell(invoice, "write_off", events.WriteOff())
            else:
                self.tell(invoice, "resume", events.Resume(note="told by letter"))

        return act

    # Watching.

    def decided(self, held: Held, decided: Decided) -> None:
        decision = decided.decision
        if getattr(decision, "hold", None):
            self.lived.asked.setdefault(held.case.facts.invoice_id, []).append(self.office.now)
        if decision.does != "wait":
            what = getattr(decision, "effects", None)
            said = ", ".join(one.step.key for one in what) if what else f"closed: {decision.why}"
            self._note(f"{held.case.facts.invoice_id[-4:]} {said}")

    def before_act(self) -> None:
        """Now and then something happens between decision and effect, and is told, or not yet."""
        if self.random.random() > 0.05 or not self.chance.house.happens:
            return
        self._happen()
        self._after_the_world()
        if self.random.random() < 0.5:
            self._deliver()

    @contextmanager
    def activity(self, held: Held, effect: Effect, tries: int) -> Iterator[None]:
        invoice = held.case.facts.invoice_id
        stripe = self.world.stripe
        document = stripe.store.objects[invoice]
        paying = any(intent["status"] == "processing" for intent in stripe.invoices.intents(document))
        known = len(self.world.journal.entries)
        status, owed = document["status"], document["amount_remaining"]
        try:
            yield
        except Exception as error:
            self._note(f"{invoice[-4:]} {effect.step.key} try {tries}: {error}")
            raise
        finally:
            new = self.world.journal.entries[known:]
            self.lived.done.append(Done(self.office.now, invoice, effect, paying, status, owed, new))
