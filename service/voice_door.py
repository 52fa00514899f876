"""What Twilio asks while it calls somebody for us: what to say, which key was pressed, and that the call is over."""

from collections.abc import Callable, Mapping

from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.ports.voice import CallFate
from gateways.twilio_voice import fate_of, is_machine, silence, spoken
from gateways.twilio_webhook import TwilioWebhook
from service.requests import Unavailable, Unknown
from service.threads import Threads
from service.voice import place
from service.voice_talk import Said, VoiceTalk


class VoiceDoor:
    """`public_url`: what stands before the path of the addresses that Twilio calls; `ended` is called when a call is
    over: then there may be something to tell the case.

    `body`, `headers` and `target` are those of a request as it came; each raises NotGenuine for one that Twilio has not
    signed."""

    def __init__(
        self,
        talk: VoiceTalk,
        webhook: TwilioWebhook,
        public_url: str,
        threads: Threads,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._talk = talk
        self._webhook = webhook
        self._public_url = public_url.rstrip("/")
        self._threads = threads
        self._ended = ended

    async def says(
        self, stage: str, call: str, number: int, body: bytes, headers: Mapping[str, str], target: str
    ) -> str:
        """TwiML for a stage: `answered`, `who` or `wish`. Where it cannot be known what there is to say, the call ends
        without a word."""
        form = self._webhook.form(body, headers, target)
        try:
            said = await self._threads.run(self._next, stage, call, number, form)
        except (Unknown, ProviderTrouble, ProviderMisuse):
            said = None
        if said is None:
            return silence()
        keys_to = f"{self._public_url}{place(call, number)}/{said.next}" if said.next else None
        return spoken(said.script, said.lines, keys_to=keys_to)

    async def over(self, call: str, number: int, body: bytes, headers: Mapping[str, str], target: str) -> None:
        """The call has ended. Raises Unknown, or Unavailable when the ledger does not answer."""
        form = self._webhook.form(body, headers, target)
        if fate_of(form.get("CallStatus", "")) is CallFate.ON_ITS_WAY:
            return
        try:
            await self._threads.run(self._talk.over, call, number)
        except ProviderTrouble as error:
            raise Unavailable(str(error)) from None
        self._ended()

    def _next(self, stage: str, call: str, number: int, form: Mapping[str, str]) -> Said | None:
        if stage == "answered":
            by = form.get("AnsweredBy", "")
            return self._talk.answered(call, number, is_machine(by), by == "fax")
        key = form.get("Digits", "")
        return self._talk.who(call, number, key) if stage == "who" else self._talk.wish(call, number, key)
