"""What the web process stands on: the mailroom, and beside it the delivery of what was kept."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import cache, partial

from temporalio.client import Client
from temporalio.service import RPCError

from domain.steps import Channel
from gateways import (
    agency_events,
    application_events,
    billing_events,
    customer_events,
    line_events,
    sendgrid_events,
    stripe_events,
    twilio_events,
)
from gateways.ledger.database import upgrade_schema
from gateways.ledger.sql_ledger import SqlLedger
from gateways.line_webhook import LineWebhook
from gateways.ports.inbox import Completion, Webhook
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.prometheus_gauges import LedgerGauges
from gateways.sendgrid_webhook import SendGridWebhook
from gateways.standard_webhook import StandardWebhook
from gateways.stripe_webhook import StripeWebhook
from gateways.twilio_webhook import TwilioWebhook
from gateways.webhook_post import WebhookPost
from runtime import bulk, calls, terms, voice, wiring
from runtime.desk import desk_of
from runtime.equipment import installation
from runtime.event_post import event_post
from runtime.leaving import end
from runtime.settings import Settings, SettingsError, several
from runtime.telemetry import Telemetry
from runtime.temporal import connect
from service.audit import Register
from service.bulk import BulkDesk
from service.calls import Calls
from service.cases import Cases
from service.consents import Consents
from service.customers import whereabouts
from service.desk import Desk
from service.directory import Directory
from service.endpoints import Endpoints, Trial
from service.exports import Exports
from service.inbox import Delivery, Reader
from service.inbox_list import InboxShelf
from service.intake import Intake
from service.keys import KeyRing
from service.mailroom import Mailroom
from service.office import Office
from service.outbox import Dispatch
from service.persons import Persons
from service.preferences import Preferences
from service.protections import Protections
from service.requests import Unavailable
from service.running import RunningCases
from service.short_links import ShortPages
from service.terms import TermsDesk
from service.terms_pages import TermsPages
from service.threads import Threads
from service.voice_door import VoiceDoor
from service.ways import Ways

_KEEPERS = 8
"""Threads that keep what comes in. PostgreSQL writes side by side; SQLite takes turns."""

_SENDERS = 4
"""Threads that ask the ledger for events and write down who took them."""
_ASK_AGAIN = 2.0  # seconds
_LOOK_AT_CALLS = 60.0  # seconds
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Doors:
    """Closed when the context that made it is left."""

    mailroom: Mailroom
    office: Office
    keys: KeyRing
    register: Register
    threads: Threads
    bulk: BulkDesk
    preferences: Preferences | None  # None: customers get no link
    short_pages: ShortPages | None  # None: text messages have the provider's long link
    consents: Consents
    protections: Protections
    persons: Persons
    calls: Calls
    voice: VoiceDoor | None  # None: nobody is called but by people
    ways: Ways
    terms: TermsDesk
    terms_pages: TermsPages
    endpoints: Endpoints
    trial: Trial
    exports: Exports


class Link:
    """The connection to Temporal, made when it is first needed, and what stands on it."""

    def __init__(self, settings: Settings, ledger: SqlLedger, watched: Telemetry | None = None) -> None:
        self._settings = settings
        self._watched = watched
        self._ledger = ledger
        self._turn = asyncio.Lock()
        self._made: tuple[Desk, Intake] | None = None

    async def desk(self) -> Desk:
        """Raises Unavailable when Temporal does not answer."""
        return (await self._get())[0]

    async def intake(self) -> Intake:
        """Raises Unavailable when Temporal does not answer."""
        return (await self._get())[1]

    async def _get(self) -> tuple[Desk, Intake]:
        async with self._turn:
            if self._made is None:
                try:
                    client = await self._connect()
                except (SettingsError, RPCError) as error:
                    raise Unavailable(str(error)) from None
                intake = wiring.intake(self._settings, client, self._ledger, meter=meter_of(self._watched))
                self._made = desk_of(self._settings, client, self._ledger), intake
            return self._made

    async def _connect(self) -> Client:
        watched = self._watched
        if watched is None:
            return await connect(self._settings)
        return await connect(self._settings, watched.runtime, watched.interceptors)

    def close(self) -> None:
        """Waits for what is in hand."""
        if self._made:
            self._made[1].close()


def meter_of(watched: Telemetry | None) -> Meter:
    return watched.meter if watched else NO_METER


def webhooks(settings: Settings) -> dict[str, Webhook]:
    """Those that are set up, by the name of their route."""
    found: dict[str, Webhook] = {}
    if secrets := several(settings.stripe_webhook_secrets):
        found["stripe"] = StripeWebhook(secrets)
    if keys := several(settings.sendgrid_webhook_keys):
        found["sendgrid"] = SendGridWebhook(keys)
    if settings.web_public_url and (tokens := several(settings.twilio_auth_token)):
        found["twilio"] = TwilioWebhook(settings.web_public_url, tokens, several(settings.twilio_webhook_keys))
    if secrets := several(settings.line_webhook_secrets):
        found["line"] = LineWebhook(secrets)
    if secrets := several(settings.agency_webhook_secrets):
        found["agency"] = StandardWebhook(agency_events.PROVIDER, secrets, "AGENCY_WEBHOOK_SECRETS")
    if secrets := several(settings.application_webhook_secrets):
        found["application"] = StandardWebhook(application_events.PROVIDER, secrets, "APPLICATION_WEBHOOK_SECRETS")
    if links := wiring.preference_links(settings):
        found[customer_events.PROVIDER] = links
    return found


@asynccontextmanager
async def doors(settings: Settings, watched: Telemetry | None = None) -> AsyncIterator[Doors]:
    """Brings the ledger's tables up to date. Temporal may be away: what comes in is kept meanwhile.

    Raises SettingsError for a setting or a policy that is missing or wrong, or when no ledger answers.
    """
    try:
        upgrade_schema(settings.dunning_database_url)
    except (ProviderMisuse, ProviderTrouble) as error:
        raise SettingsError(str(error)) from None
    wiring.stripe_payments(settings)  # without its key nothing that came in could be handed on
    closed = installation(settings).closed_channels
    wiring.require_policies(settings)
    texts = terms.terms_texts(settings)
    # Where somebody calls, words that are wrong are told now, and not to who calls.
    said = None if Channel.PHONE in closed else calls.scripts(settings)
    threads = Threads(_KEEPERS, "mailroom")
    news = asyncio.Event()
    now = wiring.utc_now
    async with AsyncExitStack() as opened:
        ledger = opened.enter_context(closing(wiring.open_ledger(settings)))
        opened.enter_context(closing(threads))
        link = opened.enter_context(closing(Link(settings, ledger, watched)))
        meter = meter_of(watched)
        if watched:
            watched.also(LedgerGauges(ledger, now, settings.dunning_sweep_every))
        post = await opened.enter_async_context(event_post(settings, meter))
        delivering = asyncio.create_task(_deliver(settings, ledger, link, threads, news, meter))
        queue = calls.call_queue(settings, ledger, said)
        expiring = asyncio.create_task(_end_calls(ledger, threads))
        automatic = voice.automatic_calls(settings, ledger, queue, meter)
        ended = asyncio.Event()
        calling = asyncio.create_task(voice.make_calls(automatic, link.desk, threads, ended))
        sending = asyncio.create_task(_send_events(settings, ledger, post, meter))
        ordering = asyncio.create_task(_order_in_bulk(settings, ledger, link))
        try:
            desk = terms.terms_desk(settings, ledger, texts, threads)
            mailroom = Mailroom(webhooks(settings), ledger, threads, now, news.set, meter)
            yield Doors(
                mailroom=mailroom,
                preferences=_preferences(settings, ledger, mailroom, threads, closed),
                short_pages=_short_pages(settings, ledger, threads, meter),
                consents=Consents(ledger, ledger, mailroom, threads, now),
                protections=Protections(ledger, mailroom, threads, now),
                persons=Persons(ledger, wiring.law(settings), whereabouts, now),
                calls=queue,
                voice=voice.door(settings, ledger, queue, threads, ended),
                ways=Ways(ledger, mailroom, threads, now),
                terms=desk,
                terms_pages=TermsPages(desk, terms.terms_page(settings, texts)),
                endpoints=Endpoints(ledger, now, private=settings.dunning_outbox_private),
                trial=Trial(ledger, post, threads, now),
                exports=Exports(Cases(ledger), Directory(ledger, now, closed), ledger, threads),
                office=Office(ledger, InboxShelf(ledger, now), threads, link.desk, link.intake, now, closed),
                keys=KeyRing(ledger, now),
                register=Register(ledger, now),
                bulk=BulkDesk(ledger, now),
                threads=threads,
            )
        finally:
            await end((delivering, sending, ordering, expiring, calling))


def _preferences(
    settings: Settings, ledger: SqlLedger, mailroom: Mailroom, threads: Threads, closed: Collection[Channel]
) -> Preferences | None:
    links = wiring.preference_links(settings)
    if links is None:
        return None
    return Preferences(ledger, links, wiring.preference_page(settings), mailroom, threads, closed)


def _short_pages(settings: Settings, ledger: SqlLedger, threads: Threads, meter: Meter) -> ShortPages | None:
    if wiring.short_links(settings) is None:
        return None
    payments = cache(partial(wiring.stripe_payments, settings, meter))
    return ShortPages(ledger, payments, wiring.preference_page(settings).own, threads)


async def _send_events(settings: Settings, ledger: SqlLedger, post: WebhookPost, meter: Meter) -> None:
    kept_for, now = settings.dunning_outbox_kept_for, wiring.utc_now
    with closing(Threads(_SENDERS, "outbox")) as threads:
        await Dispatch(ledger, ledger, post, threads, now, wiring.holder(), kept_for, random.random, meter).run()


async def _end_calls(ledger: SqlLedger, threads: Threads) -> None:
    """Calls whose time is over: whoever waits for them is told, though nobody looks at the queue."""
    while True:
        try:
            await threads.run(ledger.calls_over, wiring.utc_now())
        except ProviderTrouble as error:
            _log.warning("The queue of calls waits for the ledger: %s", error)
        await asyncio.sleep(_LOOK_AT_CALLS)


async def _order_in_bulk(settings: Settings, ledger: SqlLedger, link: Link) -> None:
    async def running() -> RunningCases:
        return (await link.desk()).running

    with closing(Threads(bulk.THREADS, "bulk")) as threads:
        await bulk.bulk_work(settings, ledger, running, threads).run()


async def _deliver(
    settings: Settings, ledger: SqlLedger, link: Link, threads: Threads, news: asyncio.Event, meter: Meter
) -> None:
    intake = await _connected(link)
    reading, kept_for = readers(settings, intake), settings.dunning_inbox_kept_for
    whole = completions(settings, meter)
    await Delivery(
        ledger, intake, threads, wiring.utc_now, wiring.holder(), news, reading, kept_for, whole, meter
    ).run()


def completions(settings: Settings, meter: Meter = NO_METER) -> dict[str, Completion]:
    """What reads the events that only name what happened."""
    served = wiring.served(settings)
    return {stripe_events.PROVIDER: wiring.stripe_payments(settings, meter).thin_events(served)}


def readers(settings: Settings, intake: Intake) -> dict[str, Reader]:
    """How the events of each provider are read."""
    refusals = wiring.refusals(settings, "twilio")
    return {
        stripe_events.PROVIDER: lambda event, _: intake.read_event(event),
        sendgrid_events.PROVIDER: lambda event, _: sendgrid_events.read(event),
        twilio_events.PROVIDER: lambda event, at: twilio_events.read(event, at, refusals),
        line_events.PROVIDER: lambda event, _: line_events.read(event),
        agency_events.PROVIDER: lambda event, _: agency_events.read(event),
        application_events.PROVIDER: lambda event, _: application_events.read(event),
        customer_events.PROVIDER: customer_events.read,
        billing_events.PROVIDER: lambda event, _: billing_events.read(event),
    }


async def _connected(link: Link) -> Intake:
    """Asks until Temporal answers."""
    while True:
        try:
            return await link.intake()
        except Unavailable as error:
            _log.warning("The inbox waits for Temporal: %s", error)
            await asyncio.sleep(_ASK_AGAIN)
