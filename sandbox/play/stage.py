"""A stage for stories: a worker in this process, a Temporal server that skips time, and the stand-in world.

Every case has a clock of its own. A story opens a case, moves it to a moment, looks, lets the world do something,
and moves it on.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper

from domain.base import Message
from domain.ids import workflow_id
from gateways.ledger.database import upgrade_schema
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.metering import NO_METER
from runtime.settings import Settings
from runtime.telemetry import Telemetry
from runtime.temporal import connect
from runtime.wiring import decline_table, open_ledger, policy_store, stripe_payments, utc_now
from sandbox.machine.environment import stand_in_environment, stand_in_settings
from sandbox.play.evidence import CLOSING, closing_of
from sandbox.providers.journal import Json, LogEntry
from sandbox.providers.stripe_world import Behaviour
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from worker import build_worker
from workflows.dunning import DunningWorkflow
from workflows.messages import CaseResult, CaseView

START = datetime(2030, 4, 1, 6, 0, tzinfo=UTC)
"""A Monday. Far ahead, so that a case sleeps until then and its weekdays and holidays are the same on every run."""

TIME_SKIPPING_EVENTS = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    }
)
"""Events that only skipping writes: they are not part of what a case costs."""
_NUMBERS = itertools.count(2_000_001)


@dataclass
class Scene:
    """Client, worker, world and ledger of one run."""

    client: Client
    world: ProviderWorld
    settings: Settings
    ledger: SqlLedger
    skipper: TimeSkipper
    folder: Path
    intake: Intake = field(init=False)
    _delivered: int = field(default=0)

    def __post_init__(self) -> None:
        self.intake = self.intake_at(utc_now)

    async def open(
        self,
        behaviour: Behaviour | None,
        *,
        amount: int = 5_000,
        currency: str = "usd",
        country: str = "US",
        zone: str = "America/New_York",
        language: str = "en",
        name: str = "Ada Example",
        id_: str | None = None,
        phone: str | None = "",
        brand: str = "visa",
        start: datetime = START,
        as_if_then: bool = False,
        unheard: bool = False,
        metadata: dict[str, str] | None = None,
    ) -> "StagedCase":
        """A customer with such a card (None: with none), a first payment that failed, and the case that it opens.

        `phone`: None for none; without one it is a number that nobody else has, as the e-mail address is.

        `as_if_then` opens it as if the intake had run at `start`: with a start in the past, a case that nobody ran
        since. `unheard`: nobody asks it; no worker runs yet, or none must be disturbed.
        """
        stripe = self.world.stripe
        customer = stripe.add_customer(
            name,
            id_=id_,
            email=f"ada-{uuid4().hex[:8]}@customers.example",
            phone=f"+1212{next(_NUMBERS)}" if phone == "" else phone,
            country=country,
            locales=[language],
            metadata={"time_zone": zone, **(metadata or {})},
        )
        card = stripe.add_card(customer, brand=brand, behaviour=behaviour) if behaviour is not None else ""
        invoice = stripe.fail_first_payment(customer, amount=amount, currency=currency)
        event = stripe.last_event("invoice.payment_failed", invoice)
        self._delivered = len(stripe.events)
        intake = self.intake_at(lambda: start) if as_if_then else self.intake
        await intake.take_event({**event, "created": int(start.timestamp())})
        case = self.case(customer, card, invoice, zone)
        # Answered after the first workflow task: an order to skip time that came before it would cost a second one.
        if not unheard:
            await case.status()
        return case

    async def open_another(self, first: "StagedCase", *, amount: int = 4_000, start: datetime = START) -> "StagedCase":
        """One more failed invoice of the same customer and subscription, and the case that it opens."""
        stripe = self.world.stripe
        subscription = stripe.get(first.invoice)["parent"]["subscription_details"]["subscription"]
        invoice = stripe.fail_first_payment(first.customer, amount=amount, subscription=subscription)
        event = stripe.last_event("invoice.payment_failed", invoice)
        self._delivered = len(stripe.events)
        await self.intake.take_event({**event, "created": int(start.timestamp())})
        case = self.case(first.customer, first.card, invoice, first.zone)
        await case.status()
        return case

    @property
    def worker_environment(self) -> dict[str, str]:
        """The environment of a worker process for this stage."""
        address = self.settings.temporal_address
        values = stand_in_environment(address, self.world, self.folder)
        return {**values, "DUNNING_TASK_QUEUE": self.settings.dunning_task_queue}

    def intake_at(self, clock: Callable[[], datetime]) -> Intake:
        """The way in, with a clock of its own."""
        return Intake(
            self.client,
            self.settings.dunning_task_queue,
            self.ledger,
            stripe_payments(self.settings),
            policy_store(self.settings),
            decline_table(self.settings),
            clock,
        )

    def case(self, customer: str, card: str, invoice: str, zone: str) -> "StagedCase":
        handle = self.client.get_workflow_handle_for(DunningWorkflow.run, workflow_id(invoice))
        return StagedCase(self, customer, card, invoice, zone, handle)

    async def deliver(self, now: datetime) -> list[Json]:
        """Feeds every new Stripe event to the intake, as webhooks would, and returns them."""
        events = self.world.stripe.events[self._delivered :]
        self._delivered += len(events)
        for event in events:
            await self.intake.take_event({**event, "created": int(now.timestamp())})
        return events


@dataclass
class StagedCase:
    """One case on the stage."""

    stage: Scene
    customer: str
    card: str
    invoice: str
    zone: str
    handle: WorkflowHandle[DunningWorkflow, CaseResult]

    async def now(self) -> datetime:
        """The case's own time (UTC)."""
        info = (await self.handle.describe()).raw_description.workflow_extended_info.time_skipping_info
        if not info.HasField("current_time"):
            return datetime.now(UTC)
        return info.current_time.ToDatetime(tzinfo=UTC)

    async def until(self, moment: str | datetime) -> CaseView:
        """Moves the case to a moment, `2030-04-04 12:00` in the customer's zone, and says how it stands then."""
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(self.zone))
        ahead = moment - await self.now()
        if ahead > timedelta(0):
            await self.stage.skipper.fast_forward(self.handle, ahead)
        return await self.status()

    async def finish(self, days: int = 120) -> CaseResult:
        """Moves on until the case closes, at most to so many days after START."""
        await self.until(START + timedelta(days=days))
        return await asyncio.wait_for(self.handle.result(), timeout=30)

    async def status(self) -> CaseView:
        return await self.handle.query(DunningWorkflow.status)

    async def busy_with(self, activity: str) -> bool:
        """Whether this activity of the case is on its way, or waits for its next try."""
        pending = (await self.handle.describe()).raw_description.pending_activities
        return any(one.activity_type.name == activity for one in pending)

    async def tell(self, signal: str, fact: Message) -> CaseView:
        """Sends a signal, and says what the case has decided of it."""
        await self.handle.signal(signal, fact)
        return await self.decided()

    async def deliver(self) -> CaseView:
        """Lets the world's new Stripe events arrive."""
        await self.stage.deliver(await self.now())
        return await self.decided()

    async def decided(self) -> CaseView:
        """How the case stands once it has decided what it makes of what it was told."""
        async with asyncio.timeout(30):
            while (view := await self.status()).deciding:
                await asyncio.sleep(0.02)
        return view

    @property
    def log(self) -> list[LogEntry]:
        """What the stand-ins saw of this invoice or its customer, in order."""
        mine = {self.invoice, self.customer}
        return [
            e for e in self.stage.world.log if mine & set(e.subjects.values()) or f":{self.invoice}:" in (e.key or "")
        ]

    @property
    def charges(self) -> list[LogEntry]:
        """Charges that our keys made, in order."""
        return [e for e in self.log if e.kind.startswith("charge.") and (e.key or "").startswith("dun:")]

    @property
    def mails(self) -> list[str]:
        """The text parts of the e-mails to this customer while their case went on, in order."""
        return [text for text, closes in self._mails() if not closes]

    @property
    def closing_mails(self) -> list[str]:
        """Those that say how it ended. They come when they may, whether or not the case's workflow is over."""
        return [text for text, closes in self._mails() if closes]

    def _mails(self) -> list[tuple[str, bool]]:
        sent, address = self.stage.world.sendgrid, self.stage.world.stripe.get(self.customer)["email"]
        theirs = [mail for mail in sent.sent if mail.to == address]
        return [(str(m.text), f":{CLOSING}" in m.custom_args.get(sent.key_argument, "")) for m in theirs]

    @property
    def messages(self) -> list[str]:
        """Step and channel of every message that a provider accepted while the case went on, in order."""
        kinds = ("email.accepted", "sms.accepted", "notice.created")
        accepted = [e.key for e in self.log if e.kind in kinds and e.key and closing_of(e) is None]
        return [":".join(key.split(":")[2:]) for key in accepted]

    async def history(self) -> list[HistoryEvent]:
        """The events of the case's history, without those that only time skipping writes."""
        events = [event async for event in self.handle.fetch_history_events()]
        return [event for event in events if event.event_type not in TIME_SKIPPING_EVENTS]


@asynccontextmanager
async def staged(
    temporal_address: str,
    folder: Path,
    *more: Callable[..., Any],
    own_worker: bool = True,
    watched: Telemetry | None = None,
    **changes: object,
) -> AsyncIterator[Scene]:
    """Builds the stage on a running server whose search attributes are registered.

    `more` are further activities of its worker, `changes` other settings. Without a worker of its own, one has to run
    elsewhere with the stage's settings (`worker_environment`). `watched`: what client and worker show themselves by.
    """
    with ProviderWorld() as world:
        settings = stand_in_settings(temporal_address, world, folder)
        settings = settings.model_copy(update={"dunning_task_queue": f"stage-{uuid4().hex[:8]}", **changes})
        upgrade_schema(settings.dunning_database_url)
        given = (watched.runtime, watched.interceptors) if watched else ()
        client = await connect(settings, *given)
        stage = Scene(client, world, settings, open_ledger(settings), TimeSkipper(client), folder)
        if not own_worker:
            yield stage
            return
        async with build_worker(client, settings, *more, meter=watched.meter if watched else NO_METER):
            yield stage
