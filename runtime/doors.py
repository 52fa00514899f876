"""What the web process stands on: the mailroom, and beside it the delivery of what was kept."""

import asyncio
import logging
import os
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from pydantic import SecretStr
from temporalio.service import RPCError

from gateways import sendgrid_events, stripe_events, twilio_events
from gateways.ledger.database import upgrade_schema
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import Completion, Webhook
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.sendgrid_webhook import SendGridWebhook
from gateways.stripe_webhook import StripeWebhook
from gateways.twilio_webhook import TwilioWebhook
from gateways.webhook_post import WebhookPost
from runtime import wiring
from runtime.desk import desk_of
from runtime.settings import Settings, SettingsError
from runtime.temporal import connect
from service.audit import Register
from service.desk import Desk
from service.inbox import Delivery, Reader
from service.inbox_list import InboxShelf
from service.intake import Intake
from service.keys import KeyRing
from service.mailroom import Mailroom
from service.office import Office
from service.outbox import Dispatch
from service.requests import Unavailable
from service.threads import Threads

_KEEPERS = 8
"""Threads that keep what comes in. PostgreSQL writes side by side; SQLite takes turns."""

_SENDERS = 4
"""Threads that ask the ledger for events and write down who took them."""
_ENDPOINT_ANSWERS = timedelta(seconds=15)
"""How long a merchant's endpoint may take: Standard Webhooks advises 15 to 30 s."""
_ASK_AGAIN = 2.0  # seconds
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Doors:
    """Closed when the context that made it is left."""

    mailroom: Mailroom
    office: Office
    keys: KeyRing
    register: Register
    threads: Threads


class Link:
    """The connection to Temporal, made when it is first needed, and what stands on it."""

    def __init__(self, settings: Settings, ledger: SqlLedger) -> None:
        self._settings = settings
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
                    client = await connect(self._settings)
                except (SettingsError, RPCError) as error:
                    raise Unavailable(str(error)) from None
                intake = wiring.intake(self._settings, client, self._ledger)
                self._made = desk_of(self._settings, client, self._ledger), intake
            return self._made

    def close(self) -> None:
        """Waits for what is in hand."""
        if self._made:
            self._made[1].close()


def webhooks(settings: Settings) -> dict[str, Webhook]:
    """Those that are set up, by the name of their route."""
    found: dict[str, Webhook] = {}
    if secrets := _several(settings.stripe_webhook_secrets):
        found["stripe"] = StripeWebhook(secrets)
    if keys := _several(settings.sendgrid_webhook_keys):
        found["sendgrid"] = SendGridWebhook(keys)
    if settings.web_public_url and (tokens := _several(settings.twilio_auth_token)):
        found["twilio"] = TwilioWebhook(settings.web_public_url, tokens, _several(settings.twilio_webhook_keys))
    return found


def _several(setting: SecretStr | None) -> list[str]:
    """A setting that may hold several secrets, parted by commas."""
    parts = setting.get_secret_value().split(",") if setting else []
    return [part.strip() for part in parts if part.strip()]


@asynccontextmanager
async def doors(settings: Settings) -> AsyncIterator[Doors]:
    """Brings the ledger's tables up to date. Temporal may be away: what comes in is kept meanwhile.

    Raises SettingsError for a setting that is missing or wrong, or when no ledger answers.
    """
    try:
        upgrade_schema(settings.dunning_database_url)
    except (ProviderMisuse, ProviderTrouble) as error:
        raise SettingsError(str(error)) from None
    wiring.stripe_payments(settings)  # without its key nothing that came in could be handed on
    threads = Threads(_KEEPERS, "mailroom")
    news = asyncio.Event()
    now = wiring.utc_now
    with (
        closing(wiring.open_ledger(settings)) as ledger,
        closing(threads),
        closing(Link(settings, ledger)) as link,
    ):
        delivering = asyncio.create_task(_deliver(settings, ledger, link, threads, news))
        sending = asyncio.create_task(_send_events(settings, ledger))
        try:
            yield Doors(
                mailroom=Mailroom(webhooks(settings), ledger, threads, now, news.set),
                office=Office(ledger, InboxShelf(ledger, now), threads, link.desk, link.intake),
                keys=KeyRing(ledger, now),
                register=Register(ledger, now),
                threads=threads,
            )
        finally:
            for work in (delivering, sending):
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work


async def _send_events(settings: Settings, ledger: SqlLedger) -> None:
    post = WebhookPost(_ENDPOINT_ANSWERS, wiring.utc_now, private=settings.dunning_outbox_private)
    kept_for, now = settings.dunning_outbox_kept_for, wiring.utc_now
    with closing(Threads(_SENDERS, "outbox")) as threads:
        try:
            await Dispatch(ledger, ledger, post, threads, now, _holder(), kept_for, random.random).run()
        finally:
            await post.close()


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"


async def _deliver(settings: Settings, ledger: SqlLedger, link: Link, threads: Threads, news: asyncio.Event) -> None:
    intake = await _connected(link)
    reading, kept_for = readers(settings, intake), settings.dunning_inbox_kept_for
    whole = completions(settings)
    await Delivery(ledger, intake, threads, wiring.utc_now, _holder(), news, reading, kept_for, whole).run()


def completions(settings: Settings) -> dict[str, Completion]:
    """What reads the events that only name what happened."""
    served = wiring.served(settings)
    return {stripe_events.PROVIDER: wiring.stripe_payments(settings).thin_events(served)}


def readers(settings: Settings, intake: Intake) -> dict[str, Reader]:
    """How the events of each provider are read."""
    refusals = wiring.refusals(settings, "twilio")
    return {
        stripe_events.PROVIDER: lambda event, _: intake.read_event(event),
        sendgrid_events.PROVIDER: lambda event, _: sendgrid_events.read(event),
        twilio_events.PROVIDER: lambda event, at: twilio_events.read(event, at, refusals),
    }


async def _connected(link: Link) -> Intake:
    """Asks until Temporal answers."""
    while True:
        try:
            return await link.intake()
        except Unavailable as error:
            _log.warning("The inbox waits for Temporal: %s", error)
            await asyncio.sleep(_ASK_AGAIN)
