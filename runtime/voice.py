"""Calls that no person makes: the ledger's queue, Twilio and words."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from domain.brand import BySegment
from gateways.ledger.sql_ledger import SqlLedger
from gateways.messages import TemplateMessages
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.ports.voice import VoiceScripts
from gateways.twilio_voice import TwilioDialler
from gateways.twilio_webhook import TwilioWebhook
from gateways.voice_words import TemplateVoice
from gateways.word_files import PhrasesError
from runtime import wiring
from runtime.equipment import no_machine
from runtime.settings import Settings, SettingsError, several
from service.call_results import CallResults
from service.calls import Calls
from service.desk import Desk
from service.threads import Threads
from service.voice import AutomaticCalls
from service.voice_door import VoiceDoor
from service.voice_talk import VoiceTalk

_LOOK = 20.0  # seconds
_SETTLES = 1.0  # seconds: that a call is over may come before the key that ended it
_log = logging.getLogger(__name__)


def scripts(settings: Settings) -> BySegment[VoiceScripts]:
    """Raises SettingsError for words that cannot be read."""
    return scripts_of(settings, wiring.data_files(settings)[0])


def scripts_of(settings: Settings, messages: BySegment[TemplateMessages]) -> BySegment[VoiceScripts]:
    """The same, of messages that are read already."""
    back, language = settings.call_back_number or "", settings.merchant_language
    try:
        return messages.made(lambda each: TemplateVoice(each, settings.messages_folders, back, language=language))
    except PhrasesError as error:
        raise SettingsError(f"{error} DUNNING_POLICIES names the folder that is read.") from None


def dialler(settings: Settings, meter: Meter = NO_METER) -> TwilioDialler:
    return TwilioDialler(
        settings.required("TWILIO_ACCOUNT_SID"),
        settings.twilio_secret,
        settings.twilio_api_base,
        settings.required("TWILIO_VOICE_FROM"),
        settings.required("WEB_PUBLIC_URL"),
        settings.provider_timeout,
        wiring.refusals(settings, "twilio-voice"),
        list_lag=settings.twilio_list_lag,
        meter=meter,
    )


def automatic_calls(
    settings: Settings, ledger: SqlLedger, queue: Calls, meter: Meter = NO_METER
) -> AutomaticCalls | None:
    """None: it is not set up. Raises SettingsError for tables that cannot be read."""
    if no_machine(settings):
        return None
    # Who takes it reads the customer's other invoices before it dials.
    dials_within = 3 * settings.provider_timeout + timedelta(seconds=30)
    return AutomaticCalls(ledger, queue, dialler(settings, meter), wiring.utc_now, dials_within)


def door(
    settings: Settings, ledger: SqlLedger, queue: Calls, threads: Threads, ended: asyncio.Event
) -> VoiceDoor | None:
    """`ended`: is set a moment after a call is over. None: it is not set up. Raises SettingsError for words that cannot
    be read."""
    public = settings.web_public_url
    if no_machine(settings) or public is None:
        return None
    talk, tokens = VoiceTalk(ledger, queue, scripts(settings)), several(settings.twilio_auth_token)
    webhook = TwilioWebhook(public, tokens, several(settings.twilio_webhook_keys))

    def is_over() -> None:
        asyncio.get_running_loop().call_later(_SETTLES, ended.set)

    return VoiceDoor(talk, webhook, public, threads, is_over)


async def make_calls(
    calls: AutomaticCalls | None, desk: Callable[[], Awaitable[Desk]], threads: Threads, ended: asyncio.Event
) -> None:
    """Until it is cancelled. One call is taken by one process: the ledger gives it to one. What was heard in a call
    that has `ended` is told at once."""

    async def results() -> CallResults:
        return (await desk()).calls

    while calls:
        ended.clear()
        try:
            await calls.round(results, threads)
        except (ProviderTrouble, ProviderMisuse) as error:
            _log.warning("Automatic calls wait for the ledger: %s", error)
        except Exception:  # whatever it is, the next round may be better, and nobody else dials or tells
            _log.exception("A round of automatic calls has failed")
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await ended.wait()
