"""The system's front door as the world outside uses it: signed webhooks in, orders by API with a key, events out."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import httpx

from domain import events
from domain.base import Message
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import REFUSED, WAITING, InboxRow
from gateways.ports.trouble import ProviderTrouble
from runtime.wiring import utc_now
from sandbox.machine.environment import tell_by_webhook
from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import PATIENCE
from sandbox.providers.journal import Json
from sandbox.providers.webhooks import Delivery
from sandbox.providers.world import ProviderWorld
from service.audit import GIVES_UP
from service.endpoints import Endpoints
from service.keys import KeyRing, Scope
from workflows.messages import CaseView

T = TypeVar("T")

_LOOK_AGAIN = 0.03
_CUT_OFF = GIVES_UP.total_seconds()
_PAGE = 500
_PATHS: Mapping[type[Message], str] = {
    events.Pause: "pause",
    events.Resume: "resume",
    events.Settle: "settle",
    events.WriteOff: "write-off",
    events.Skip: "skip",
    events.RetryNow: "retry-now",
    events.HandOff: "hand-off",
    events.Recall: "recall",
}


@dataclass(frozen=True)
class Front:
    """The ledger is only looked at, to know when the inbox has handed on what it took, the automatic service has made
    its calls, and the outbox is empty."""

    world: ProviderWorld
    ledger: SqlLedger
    http: httpx.AsyncClient
    endpoint: str

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Lets webhooks go, and waits until the cases were told. Raises SandboxError when they are not."""
        for delivery in deliveries:
            self.world.outbox.send(delivery)
        await self.handed_on(deliveries)

    async def handed_on(self, sent: Iterable[Delivery]) -> None:
        """Returns when the inbox has taken them and told the cases. Raises SandboxError when that takes too long."""
        give_up = time.monotonic() + PATIENCE
        names: set[tuple[str, str]] = set()
        for delivery in sent:
            while not delivery.ended.is_set():
                await self._a_moment(give_up, f"{delivery.provider}'s webhook {delivery.kind} is not taken")
            if not delivery.accepted:
                raise SandboxError(f"{delivery.provider}'s webhook {delivery.kind} was given up: see web.log.")
            names.update(_kept_as(delivery))
        while waits := await self._waiting(names):
            await self._a_moment(give_up, f"the webhook {waits.kind} is not handed on ({waits.note or 'no try yet'})")

    async def refused(self) -> list[str]:
        """What came in and was refused, a sentence each: here nothing may be."""
        rows = await self._look(lambda: self._rows(REFUSED))
        return [f"{row.kind} {row.event_id}: {row.note}" for row in rows]

    async def row(self, delivery: Delivery) -> InboxRow | None:
        """What became of a webhook with one event."""
        [name] = _kept_as(delivery)
        rows = await self._look(lambda: self._rows(None))
        return next((row for row in rows if (row.provider, row.event_id) == name), None)

    async def order(
        self, of: tuple[str, str], order: Message, name: str, view: Callable[[], Awaitable[CaseView]]
    ) -> None:
        """Gives an operator's order about an invoice and its customer; the same request again when its answer was
        lost, so that it counts once. `name` is the order's own.

        Raises SandboxError when it is refused.
        """
        path, body = _asked(of, order)
        give_up = time.monotonic() + PATIENCE + _CUT_OFF
        while True:
            answer = await self._post(path, body, name)
            if answer is not None and answer.is_success:
                return
            if (await view()).outcome is not None:
                return
            if answer is not None and answer.status_code < 500 and "Retry-After" not in answer.headers:
                raise SandboxError(f"{path} was refused: {answer.text}")
            await self._a_moment(give_up, f"the API does not take {path}")

    async def replies(self, customer: str) -> list[str]:
        """What the merchant's people see of what the customer has written. Raises SandboxError when nobody answers."""
        give_up = time.monotonic() + PATIENCE
        while True:
            answer = await self._get(f"/v1/customers/{customer}")
            if answer is not None and answer.is_success:
                return [str(reply["text"]) for reply in answer.json()["replies"]]
            await self._a_moment(give_up, f"the API does not show {customer}")

    async def opens(self, link: str, languages: str) -> Json:
        """What a customer's browser gets for a link: its status, the kind of what came, and its text."""
        give_up = time.monotonic() + PATIENCE
        while (answer := await self._get(link, {"Accept-Language": languages, "Authorization": ""})) is None:
            await self._a_moment(give_up, "no page is shown")
        return {"status": answer.status_code, "type": answer.headers.get("Content-Type", ""), "page": answer.text}

    async def agency(self, invoice: str, report: events.AgencyReported) -> None:
        """Reports what the agency says; once, however often it is given. Raises SandboxError when it is refused."""
        amount = report.amount
        body: Json = {"event_id": report.event_id, "report": report.report.value}
        if amount:
            body |= {"amount": str(amount.major), "currency": amount.currency}
        give_up = time.monotonic() + PATIENCE
        while (
            answer := await self._post(f"/v1/cases/{invoice}/agency-reports", body)
        ) is None or not answer.is_success:
            if answer is not None and answer.status_code < 500:
                raise SandboxError(f"The agency's report of {invoice} was refused: {answer.text}")
            await self._a_moment(give_up, f"the API does not take the agency's report of {invoice}")

    async def automatic_call_waits(self, invoice: str) -> bool:
        """Whether the automatic service has a call about an invoice to make, or a result of one to tell."""
        return invoice in await self._look(self._to_be_called)

    def _to_be_called(self) -> set[str]:
        found = {row.invoice_id for row, _ in self.ledger.untold_calls()}
        after = ""
        while page := self.ledger.automatic_calls(utc_now(), after):
            found |= {row.invoice_id for row in page}
            after = page[-1].call_id
        return found

    async def asks(self, method: str, path: str, body: Json | None = None) -> Json | str:
        """What the API answers, or the sentence by which it refuses. Raises SandboxError when it does not answer."""
        give_up = time.monotonic() + PATIENCE
        while True:
            answer = await (self._get(path) if method == "GET" else self._post(path, body or {}, method=method))
            if answer is not None and answer.status_code < 500:
                return answer.json() if answer.is_success else answer.text
            await self._a_moment(give_up, f"the API does not answer {method} {path}")

    async def must(self, method: str, path: str, body: Json) -> None:
        """The same, where nothing may be refused. Raises SandboxError."""
        answer = await self.asks(method, path, body)
        if isinstance(answer, str):
            raise SandboxError(f"{method} {path} was refused: {answer}")

    async def call_hours(self, customer: str, hours: list[Json]) -> None:
        """Says when the customer wants to be called, and returns when their cases are told. Raises SandboxError."""
        await self.must("PATCH", f"/v1/customers/{customer}", {"call_hours": hours})
        give_up = time.monotonic() + PATIENCE
        while any(
            row.event_id.startswith(f"{customer}/call_hours/") for row in await self._look(lambda: self._rows(WAITING))
        ):
            await self._a_moment(give_up, f"the cases of {customer} are not told of the hours for calls")

    async def all_told(self) -> None:
        """Returns when the merchant's endpoint has taken every event. Raises SandboxError when it does not."""
        give_up = time.monotonic() + PATIENCE
        while not await self._look(self._told):
            await self._a_moment(give_up, "the merchant's endpoint has not got every event")

    def _told(self) -> bool:
        return self.ledger.pass_on(_PAGE) == 0 and self.ledger.backlog(self.endpoint).waiting == 0

    async def _post(
        self, path: str, body: Json, token: str | None = None, method: str = "POST"
    ) -> httpx.Response | None:
        """None: no answer came."""
        headers = {"Idempotency-Key": token} if token else {}
        try:
            return await self.http.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            return None

    async def _get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response | None:
        """None: no answer came."""
        try:
            return await self.http.get(path, headers=headers)
        except httpx.TransportError:
            return None

    async def _waiting(self, names: set[tuple[str, str]]) -> InboxRow | None:
        rows = await self._look(lambda: self._rows(WAITING))
        return next((row for row in rows if (row.provider, row.event_id) in names), None)

    async def _look(self, look: Callable[[], T]) -> T:
        """Looks into the ledger; again while that is away."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return await asyncio.to_thread(look)
            except ProviderTrouble as error:
                await self._a_moment(give_up, str(error))

    def _rows(self, state: str | None) -> list[InboxRow]:
        rows: list[InboxRow] = []
        while page := self.ledger.inbox(state, rows[-1].id if rows else 0, _PAGE):
            rows += page
            if len(page) < _PAGE:
                break
        return rows

    @staticmethod
    async def _a_moment(give_up: float, what: str) -> None:
        if time.monotonic() > give_up:
            raise SandboxError(f"It took too long: {what}. See web.log.")
        await asyncio.sleep(_LOOK_AGAIN)


@asynccontextmanager
async def front_door(world: ProviderWorld, ledger: SqlLedger, url: str) -> AsyncIterator[Front]:
    """Connects the providers, a key and the merchant's endpoint, and holds webhooks back until somebody delivers them.

    When the block is left they go out by themselves, and the endpoint is gone.
    """
    token = KeyRing(ledger, utc_now).make("demo operator", Scope.OPERATOR, timedelta(hours=1))
    endpoints = Endpoints(ledger, utc_now, private=True)
    endpoint, world.merchant.events_secret = endpoints.add(f"{world.merchant_url}/events")
    tell_by_webhook(world, url)
    world.outbox.hold()
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as http:
            yield Front(world, ledger, http, endpoint)
    finally:
        world.outbox.release()
        endpoints.remove(endpoint)


def _asked(of: tuple[str, str], order: Message) -> tuple[str, Json]:
    """Where an order goes, and what it says."""
    invoice, customer = of
    if isinstance(order, events.ReopenChannel):
        return f"/v1/customers/{customer}/channels/{order.channel.value}/open", {"asked": True, "note": order.note}
    said = order.model_dump(mode="json", exclude={"by", "expects"}, exclude_none=True)
    return f"/v1/cases/{invoice}/{_PATHS[type(order)]}", said


def _kept_as(delivery: Delivery) -> list[tuple[str, str]]:
    """The names of its events in the inbox."""
    match delivery.provider:
        case "sendgrid":
            return [("sendgrid", event["sg_event_id"]) for event in json.loads(delivery.body)]
        case "twilio":
            return [("twilio", f"{delivery.event_id}-{delivery.kind}")]
        case provider:
            return [(provider, delivery.event_id)]
