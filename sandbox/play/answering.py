"""Calls that no person makes, as those who are called live through them: by Twilio's stand-in, which asks the product's
own pages what to say. What was said and pressed, the journal has, beside the calls that people make.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.calls import CallResult
from domain.consent import Purpose
from domain.steps import Channel
from sandbox.machine.errors import SandboxError
from sandbox.play.customers import Actor
from sandbox.play.front import Front
from sandbox.providers.twilio_voice import Call
from sandbox.providers.webhooks import Delivery
from service.consents import Wish

_RESULTS = {
    "": CallResult.NO_ANSWER,
    "1": CallResult.REACHED,
    "11": CallResult.PAY_LINK,
    "12": CallResult.CALL_BACK,
    "19": CallResult.OPTED_OUT,
    "2": CallResult.WRONG_NUMBER,
    "9": CallResult.OPTED_OUT,
}
"""What is meant by the keys that somebody presses, one after the other."""
_IT_IS_ME = "1"


@dataclass(frozen=True)
class Answering:
    """Raises SandboxError."""

    front: Front

    async def agrees(self, actor: Actor) -> None:
        """The merchant's shop says that the customer has agreed to such calls."""
        said = {
            "wish": Wish.OPTED_IN.value,
            "event_id": f"agreed-{actor.customer}",
            "proof": "checkbox of the order form",
            "purpose": Purpose.AUTOMATED_CALLS.value,
        }
        await self.front.must("PUT", f"/v1/customers/{actor.customer}/consents/{Channel.PHONE.value}", said)

    async def were_called(self, actor: Actor, told: list[Delivery]) -> None:
        """Writes down those calls of which Twilio is about to tell that they are over."""
        voice = actor.world.twilio.voice
        over = {one.event_id for one in told}
        for made in voice.calls:
            if made.sid in over:
                await self._note(actor, made)

    async def _note(self, actor: Actor, made: Call) -> None:
        _, _, call, _, _ = urlsplit(made.url).path.split("/")
        sheet = await self.front.asks("GET", f"/v1/calls/{call}")
        if isinstance(sheet, str):
            raise SandboxError(f"The API does not show the call {call}: {sheet}")
        actor.world.journal.record(
            "phone",
            "phone.called",
            {"customer": actor.customer, "invoice": actor.invoice, "call": made.sid},
            key=f"dun:{actor.invoice}:{sheet['line']['step']}:phone",
            data={
                "to": made.to,
                "number": actor.number,
                "text": " ".join(text for _, text in made.heard),
                "unasked": " ".join(text for _, text in made.heard[: made.before_keys]),
                "locales": sorted({locale for locale, _ in made.heard}),
                "result": _result(made).value,
                "promised": "",
                "stranger": not _is_theirs(made),
                "automatic": True,
            },
        )


def _is_machine(made: Call) -> bool:
    return (made.answered_by or "").startswith("machine")


def _is_theirs(made: Call) -> bool:
    """Whether somebody has pressed that it is them."""
    return not _is_machine(made) and made.pressed.startswith(_IT_IS_ME)


def _result(made: Call) -> CallResult:
    return CallResult.VOICEMAIL if _is_machine(made) else _RESULTS[made.pressed]
