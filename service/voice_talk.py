"""What is said in a call that no person makes, and what is heard in it.

A key is kept before it is answered, by the ledger alone: what it wants holds though nobody else answers.
"""

from typing import NamedTuple

from domain.brand import BySegment
from domain.calls import AUTOMATIC, CallResult, Offer, TaskState
from gateways.ports.calls import CallRow, CallTaskRow
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Address
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.ports.voice import VoiceScript, VoiceScripts
from service.call_results import close_as_said
from service.calls import Calls
from service.requests import Unknown

_KEYS = {"1": CallResult.PAY_LINK, "2": CallResult.CALL_BACK}


class Said(NamedTuple):
    """What is said next. `next`: the stage that gets the key that is pressed; None: the call ends with it."""

    script: VoiceScript
    lines: tuple[str, ...]
    next: str | None = None


class VoiceTalk:
    """Blocks. Raises Unknown for a call that the automatic service has not taken, and ProviderTrouble or ProviderMisuse
    when nobody knows what may be said."""

    def __init__(self, ledger: Ledger, calls: Calls, scripts: BySegment[VoiceScripts]) -> None:
        self._ledger = ledger
        self._calls = calls
        self._scripts = scripts

    def answered(self, call_id: str, number: int, machine: bool, fax: bool) -> Said | None:
        """What is said to whoever or whatever answers. A fax hears nothing, and a machine the words of the call script
        for machines, unless nobody is to call any more."""
        row, made = self._calls.task(call_id), self._made(call_id, number)
        if fax or made.result or made.heard:
            return None
        script, _ = self._script(row)
        if not machine:
            return Said(script, (script.ask, script.who), "who")
        sheet = self._calls.sheet(call_id)
        if row.state is not TaskState.TAKEN or not sheet.may_call:
            return None
        self._ledger.heard(call_id, number, CallResult.VOICEMAIL)
        return Said(script, (sheet.script.machine,))

    def who(self, call_id: str, number: int, key: str) -> Said:
        """Who answered has pressed who they are. Of the invoice something is said to the customer alone, and only
        while it may be."""
        row, made = self._calls.task(call_id), self._made(call_id, number)
        if key == "2":
            script = self._no_more(row, number, CallResult.WRONG_NUMBER)
            return Said(script, (script.stranger,))
        if key == "9":
            script = self._no_more(row, number, CallResult.OPTED_OUT)
            return Said(script, (script.no_more,))
        script, address = self._script(row)
        about = self._about(row, address) if key == "1" and not made.heard else None
        if about is None:
            return Said(script, (script.goodbye,))
        self._ledger.confirmed(call_id, number)
        offers = (script.pay_link,) if Offer.PAY_LINK in row.offers else ()
        return Said(script, (about, *offers, script.call_back, script.opt_out), "wish")

    def wish(self, call_id: str, number: int, key: str) -> Said:
        """What the customer wants."""
        row, made = self._calls.task(call_id), self._made(call_id, number)
        if key == "9":
            script = self._no_more(row, number, CallResult.OPTED_OUT)
            return Said(script, (script.no_more,))
        wanted = _KEYS.get(key) if made.confirmed else None
        if wanted is CallResult.PAY_LINK and Offer.PAY_LINK not in row.offers:
            wanted = None
        is_kept = wanted is not None and self._ledger.heard(call_id, number, wanted)
        script, _ = self._script(row)
        if not is_kept:
            return Said(script, (script.goodbye,))
        return Said(script, (script.link_comes if wanted is CallResult.PAY_LINK else script.will_call,))

    def over(self, call_id: str, number: int) -> None:
        """The call has ended. Who has pressed nothing has not said who they are: nobody answered."""
        self._made(call_id, number)
        self._ledger.over(call_id, number)

    def _no_more(self, row: CallTaskRow, number: int, result: CallResult) -> VoiceScript:
        """Kept with its closing before it is answered: it holds for people's calls too, whenever the case is told."""
        at = self._calls.now(row)
        self._ledger.heard(row.call_id, number, result)
        self._ledger.call_result(row.call_id, AUTOMATIC, result, at, "")
        close_as_said(self._ledger, row, result, number, at)
        script, _ = self._script(row)
        return script

    def _about(self, row: CallTaskRow, address: Address) -> str | None:
        """What is said of the invoice; None: nothing may be, or nobody knows. Asked once more while it rings: what was
        paid since is not spoken of."""
        try:
            invoice = self._calls.spoken_of(row)
        except (ProviderTrouble, ProviderMisuse):
            return None
        if invoice is None or row.state is not TaskState.TAKEN:
            return None
        case = self._ledger.case(row.invoice_id)
        return self._scripts.of(case.segment if case else "").about(address, invoice)

    def _script(self, row: CallTaskRow) -> tuple[VoiceScript, Address]:
        address = self._ledger.recipient(row.customer_id).address
        case = self._ledger.case(row.invoice_id)
        return self._scripts.of(case.segment if case else "").script(address), address

    def _made(self, call_id: str, number: int) -> CallRow:
        self._calls.task(call_id)
        for one in self._ledger.calls_of(call_id):
            if one.number == number and one.by == AUTOMATIC:
                return one
        raise Unknown(f"There is no call {number} of {call_id} by {AUTOMATIC}.")
