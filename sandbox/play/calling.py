"""The people of the merchant who call, by the API or by `starter.py calls`: they look for a customer's call, take it,
dial, read aloud what they were given, and say what came of it. What was said and heard, the journal has.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from domain.calls import CallResult
from sandbox.play.customers import Actor
from sandbox.play.front import Front
from sandbox.play.script import Action
from sandbox.play.starter_process import StarterFailed, once_usable
from sandbox.providers.journal import Json

_BY = "Robin"
_SAID: Mapping[CallResult, tuple[str, ...]] = {
    CallResult.NO_ANSWER: (),
    CallResult.VOICEMAIL: ("machine",),
    CallResult.WRONG_NUMBER: ("ask", "stranger"),
}
"""The parts of the script that are read to whoever, or whatever, is not the customer."""


@dataclass(frozen=True)
class Caller:
    """`environment`: where starter.py is told to work."""

    front: Front
    environment: Mapping[str, str]

    async def calls(self, actor: Actor, action: Action) -> None:
        """Makes the call that waits for the customer; where there is none, or it may not be made, nothing happens."""
        doors = _Command(self.environment) if action.by_command else _Api(self.front)
        waiting = [line for line in await doors.waiting() if line["invoice_id"] == actor.invoice]
        if not waiting:
            actor.note("no_call_waits")
            return
        call = str(waiting[-1]["call"])
        sheet = await doors.take(call)
        if isinstance(sheet, str):
            actor.note("call_refused", call=call, why=sheet)
            return
        promised = self._dials(actor, action, sheet)
        await doors.result(call, action.result, promised)

    @staticmethod
    def _dials(actor: Actor, action: Action, sheet: Json) -> str:
        """The call itself. Returns the day that was promised; empty: none was."""
        script = sheet["script"]
        words = [script[part] for part in _SAID.get(action.result, ("ask", "check"))]
        if action.result not in _SAID:
            words += script["lines"]
        promised = ""
        if action.result is CallResult.PROMISE:
            opened = actor.opened_at.astimezone(actor.zone).date()
            promised = (opened + timedelta(days=action.by_day)).isoformat()
        actor.world.journal.record(
            "phone",
            "phone.called",
            {"customer": actor.customer, "invoice": actor.invoice},
            key=f"dun:{actor.invoice}:{sheet['line']['step']}:phone",
            data={
                "to": sheet["number"],
                "number": actor.number,
                "text": " ".join(words),
                "result": action.result.value,
                "promised": promised,
                "stranger": action.result in _SAID,
            },
        )
        return promised


@dataclass(frozen=True)
class _Api:
    front: Front

    async def waiting(self) -> list[Json]:
        pages = [await self.front.asks("GET", f"/v1/calls?limit=500{over}") for over in ("&over=true", "")]
        return [line for page in pages if not isinstance(page, str) for line in page["calls"]]

    async def take(self, call: str) -> Json | str:
        return await self.front.asks("POST", f"/v1/calls/{call}/take", {"by": _BY})

    async def result(self, call: str, result: CallResult, promised: str) -> None:
        said: Json = {"by": _BY, "result": result.value} | ({"on": promised} if promised else {})
        await self.front.must("POST", f"/v1/calls/{call}/result", said)


@dataclass(frozen=True)
class _Command:
    environment: Mapping[str, str]

    async def waiting(self) -> list[Json]:
        words = ("calls", "list", "--limit", "500", "--json")
        said = [await once_usable(self.environment, *words, *over) for over in (("--over",), ())]
        return [json.loads(line) for text in said for line in text.splitlines() if line.startswith("{")]

    async def take(self, call: str) -> Json | str:
        try:
            said = await once_usable(self.environment, "calls", "take", call, "--by", _BY, "--json")
        except StarterFailed as error:
            return str(error)
        found: Json = json.loads(said.splitlines()[-1])
        return found

    async def result(self, call: str, result: CallResult, promised: str) -> None:
        words = ["calls", "result", call, result.value, "--by", _BY, *(["--on", promised] if promised else [])]
        await once_usable(self.environment, *words)
