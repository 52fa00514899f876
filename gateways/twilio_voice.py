"""Calls through Twilio: dialled, looked up, and what is said in TwiML.

Twilio has no idempotency keys for calls. One whose answer was lost is looked up by its number and time, beside those
that are known.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse

from domain.addresses import dialled_number
from domain.rules.refusals import About, RefusalTable
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble, Unreachable
from gateways.ports.voice import CallFate, Dialled, VoiceScript
from gateways.twilio_api import Refused, TwilioHttp, call

_NEWEST = 100
_CLOCKS = timedelta(minutes=5)
"""So far Twilio's clock may be behind ours: a call of which nothing is known is more likely the lost one than none."""
_RINGS = 30  # seconds; Twilio's own default is 60
_KEY_WITHIN = 8  # seconds
_GONE = "20404"
_FATES = {"completed": CallFate.OVER} | dict.fromkeys(
    ("busy", "no-answer", "failed", "canceled"), CallFate.NOT_ANSWERED
)


class TwilioDialler:
    """`ports.voice.Dialler`.

    refusals:   what Twilio's error codes are about (`policies/rules/twilio-voice-errors.yaml`).
    caller:     a number of the account in E.164, or a verified one.
    public_url: what stands before the path of the addresses that Twilio calls.
    list_lag:   how late a call may show in the list of calls.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        base_url: str,
        caller: str,
        public_url: str,
        timeout: timedelta,
        refusals: RefusalTable,
        *,
        list_lag: timedelta = timedelta(seconds=30),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        meter: Meter = NO_METER,
    ) -> None:
        self._client = Client(account_sid, auth_token, http_client=TwilioHttp(base_url, timeout, meter))
        self._caller = caller
        self._public_url = public_url.rstrip("/")
        self._refusals = refusals
        self._list_lag = list_lag
        self._clock = clock

    def __repr__(self) -> str:
        return "TwilioDialler()"

    def dial(self, number: str, place: str) -> Dialled:
        to = dialled_number(number)
        if to is None:
            raise Unreachable("What is kept as the customer's phone number is none.")
        address = f"{self._public_url}{place}"
        try:
            made = call(
                "call a number",
                lambda: self._client.calls.create(
                    to,
                    self._caller,
                    url=f"{address}/answered",
                    method="POST",
                    status_callback=f"{address}/over",
                    status_callback_method="POST",
                    machine_detection="DetectMessageEnd",
                    timeout=_RINGS,
                ),
            )
        except Refused as refused:
            raise self._translated(refused) from None
        return Dialled(made.sid)

    def find(self, number: str, since: datetime, others: Collection[str]) -> Dialled | None:
        """By number and time, some minutes allowed for. Raises ProviderTrouble while the list may not show it yet."""
        to = dialled_number(number)
        if to is None:
            return None
        try:
            listed = call("list calls", lambda: self._client.calls.list(to=to, from_=self._caller, limit=_NEWEST))
        except Refused as refused:
            raise self._translated(refused) from None
        for found in listed:
            if found.sid not in others and found.date_created and found.date_created >= since - _CLOCKS:
                return Dialled(found.sid)
        visible = since + self._list_lag - self._clock()
        if visible > timedelta(0):
            raise ProviderTrouble("Twilio's list of calls may not show the newest ones yet.", visible)
        return None

    def fate(self, provider_id: str) -> CallFate:
        try:
            status = call("read a call", lambda: self._client.calls(provider_id).fetch()).status
        except Refused as refused:
            if _GONE in refused.codes:
                return CallFate.OVER  # its record was deleted
            raise self._translated(refused) from None
        return _FATES.get(str(status), CallFate.ON_ITS_WAY)

    def _translated(self, refused: Refused) -> Exception:
        found = self._refusals.of(refused.codes)
        match found.about:
            case About.ADDRESS | About.WISH | About.COUNTRY:
                return Unreachable(found.why, found.rule, found.about)
            case About.ACCOUNT:
                return ProviderMisuse(f"{found.why} ({refused.codes[0]})")
            case About.NOW:
                return ProviderTrouble(found.why, refused.wait, not_executed=True)


def spoken(script: VoiceScript, lines: Sequence[str], *, keys_to: str | None = None) -> str:
    """TwiML that says some lines and ends the call. `keys_to`: the address that gets the one key that is pressed while
    they are said or right after; without one the call ends with `goodbye`."""
    answer = VoiceResponse()
    if keys_to is None:
        for line in lines:
            answer.say(line, voice=script.voice, language=script.locale)
    else:
        asked = answer.gather(
            input="dtmf", num_digits=1, timeout=_KEY_WITHIN, action=keys_to, method="POST", action_on_empty_result=False
        )
        for line in lines:
            asked.say(line, voice=script.voice, language=script.locale)
        answer.say(script.goodbye, voice=script.voice, language=script.locale)
    answer.hangup()
    return str(answer)


def silence() -> str:
    """TwiML that ends the call without a word."""
    answer = VoiceResponse()
    answer.hangup()
    return str(answer)


def fate_of(status: str) -> CallFate:
    """How a call stands by the status of a callback."""
    return _FATES.get(status, CallFate.ON_ITS_WAY)


def is_machine(answered_by: str) -> bool:
    """`machine_start`, `machine_end_beep`, `machine_end_silence`, `machine_end_other`; neither `human` nor `unknown`
    (Twilio, Answering Machine Detection, www.twilio.com/docs/voice/answering-machine-detection)."""
    return answered_by.startswith("machine_")
