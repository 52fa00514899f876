"""Calls that no person makes: taken from the same queue by the same judge, dialled once, and heard out.

What is pressed is kept before it is answered; the case is told of it afterwards, whenever Temporal answers.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.addresses import address_key
from domain.brand import BySegment
from domain.calls import AUTOMATIC, CallResult, Offer, TaskState
from domain.rules.calls import PHONE, next_call
from gateways.ports.calls import CallRow, CallTaskRow
from gateways.ports.consents import agreed_to_automated_calls
from gateways.ports.ledger import Ledger
from gateways.ports.payments import Payments
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble, Unreachable
from gateways.ports.voice import CallFate, Dialler, VoiceScript, VoiceScripts
from service.call_results import CallResults, close_as_said
from service.calls import Calls, next_opening
from service.requests import Refused, Unavailable, Unknown, WrongRequest
from service.threads import Threads

NO_CONSENT = "the customer has not agreed to automated calls"
_LONGEST = timedelta(minutes=10)
"""After that the provider is asked what became of a call of which it has told nothing."""
_LOST = timedelta(minutes=2)
"""So long another process may still be dialling a call of which no answer has come."""
_SOON = timedelta(hours=1)
"""Who wants to be called by a person has that long before it, at least."""
_log = logging.getLogger(__name__)


class Said(NamedTuple):
    """What is said next. `next`: the stage that gets the key that is pressed; None: the call ends with it."""

    script: VoiceScript
    lines: tuple[str, ...]
    next: str | None = None


def place(call_id: str, number: int) -> str:
    """The path under which the provider asks what to say in one call."""
    return f"/voice/{call_id}/{number}"


class AutomaticCalls:
    """Blocks, but for `round`. `payments` and `scripts` are opened when they are first needed."""

    def __init__(
        self,
        ledger: Ledger,
        calls: Calls,
        dialler: Dialler,
        payments: Callable[[], Payments],
        scripts: Callable[[], BySegment[VoiceScripts]],
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._calls = calls
        self._dialler = dialler
        self._payments = payments
        self._scripts = scripts
        self._clock = clock

    async def round(self, results: Callable[[], Awaitable[CallResults]], threads: Threads) -> int:
        """Dials what may be dialled now, and tells the cases what was heard; how many calls were looked at."""
        found = await threads.run(self._ledger.automatic_calls, self._clock())
        for row, made in found:
            try:
                heard = await threads.run(self.look, row, made)
                if heard and made:
                    result, at = await threads.run(self._result, row, made, heard)
                    await (await results()).say(row.call_id, AUTOMATIC, result, at=at)
                    await threads.run(self._ledger.told, row.call_id, made.number)
            except (Refused, Unknown, WrongRequest) as error:
                _log.info("%s is not dialled: %s", row.call_id, error)
            except Unavailable as error:
                _log.warning("Nobody is dialled until cases can be told what was heard: %s", error)
                break
            except (ProviderTrouble, ProviderMisuse, Unreachable) as error:
                _log.warning("%s waits: %s", row.call_id, error)
        return len(found)

    def look(self, row: CallTaskRow, made: CallRow | None) -> CallResult | None:
        """Takes one call a step further; what was heard in it, once that is known."""
        if made is None:
            if next_opening(row, at := self._lives_at(row)) <= at and self._calls.is_hour(row):
                self._begin(row)
            return None
        if made.heard:
            return made.heard
        age = self._clock() - made.at
        if made.provider_id is None and age >= _LOST:
            self._find(row, made)
        if made.provider_id is None or age < _LONGEST:
            return None
        fate = self._dialler.fate(made.provider_id)
        if fate is CallFate.ON_ITS_WAY:
            return None
        self.over(row.call_id, made.number)
        return self._made(row.call_id, made.number).heard

    def _lives_at(self, row: CallTaskRow) -> datetime:
        """The time of the task's case, which may be ahead of this machine's clock."""
        case, now = self._ledger.case(row.invoice_id), self._clock()
        return max(now, case.decided_at) if case and case.decided_at else now

    def _result(self, row: CallTaskRow, made: CallRow, heard: CallResult) -> tuple[CallResult, datetime | None]:
        """What the case is told, and when a person calls; what was kept before stands."""
        if heard is not CallResult.CALL_BACK or made.result is CallResult.REACHED:
            return made.result or heard, None
        at = self.call_back_at(row)
        if made.result:
            return made.result, at or self._clock()
        # Nobody is called back about a case that has ended, or at an hour that they do not want.
        return (heard, at) if at else (CallResult.REACHED, None)

    def _begin(self, row: CallTaskRow) -> None:
        """Consent is asked at this moment too, and all that is asked of who takes a call."""
        at = self._calls.now(row)
        if agreed_to_automated_calls(self._ledger, row.customer_id) is None:
            self._ledger.not_automatic(row.call_id, at, NO_CONSENT)
            return
        self._calls.take_automatically(row)
        made = self._ledger.calls_of(row.call_id)[-1]
        number = self._ledger.recipient(row.customer_id).address.place(PHONE)
        assert number is not None  # noqa: S101 - who takes it has asked
        try:
            dialled = self._dialler.dial(number, place(row.call_id, made.number))
        except Unreachable as error:
            self._ledger.not_automatic(row.call_id, at, str(error))
        except ProviderTrouble as error:
            if error.not_executed:
                self._ledger.give_back(row.call_id, AUTOMATIC)
            raise
        except ProviderMisuse:
            self._ledger.give_back(row.call_id, AUTOMATIC)
            raise
        else:
            self._ledger.dialled(row.call_id, made.number, dialled.provider_id)

    def _find(self, row: CallTaskRow, made: CallRow) -> None:
        """What became of a call whose answer was lost; one that was not made is given back, and judged anew."""
        number = self._dialled(row, made)
        if number is None:
            # Where it went nobody can look up any more: it is not made a second time.
            self.over(row.call_id, made.number)
            return
        known = {one.provider_id for _, one in self._ledger.calls_with(row.customer_id) if one.provider_id}
        found = self._dialler.find(number, made.at, known)
        if found:
            self._ledger.dialled(row.call_id, made.number, found.provider_id)
        else:
            self._ledger.give_back(row.call_id, AUTOMATIC)

    def _dialled(self, row: CallTaskRow, made: CallRow) -> str | None:
        """The number that it was made to: of the customer's newest and the task's the one that is kept of the call."""
        place = self._ledger.call_place(row.call_id, made.number)
        newest = self._ledger.recipient(row.customer_id).address.place(PHONE)
        return next((one for one in (newest, row.address) if one and address_key(one) == place), None)

    def answered(self, call_id: str, number: int, machine: bool, fax: bool) -> Said | None:
        """What is said to whoever or whatever answers: words of the call script to a machine, nothing to a fax."""
        row, made = self._calls.task(call_id), self._made(call_id, number)
        if fax or made.result or made.heard:
            self._ledger.heard(call_id, number, CallResult.NO_ANSWER)
            return None
        script = self._script(row)
        if machine:
            self._ledger.heard(call_id, number, CallResult.VOICEMAIL)
            return Said(script, (self._calls.sheet(call_id).script.machine,))
        return Said(script, (script.ask, script.who), "who")

    def who(self, call_id: str, number: int, key: str) -> Said:
        """Who answered has pressed who they are. Of the invoice something is said to the customer alone, and only
        while it may be."""
        row, made = self._calls.task(call_id), self._made(call_id, number)
        script = self._script(row)
        if key == "1" and not made.heard:
            self._ledger.heard(call_id, number, None)
            sheet = self._calls.sheet(call_id)
            if row.state is not TaskState.TAKEN or not sheet.may_call:
                return Said(script, (script.goodbye,))
            offers = (script.pay_link,) if Offer.PAY_LINK in row.offers else ()
            return Said(script, (script.about, *offers, script.call_back, script.opt_out), "wish")
        if key == "2":
            self._no_more(row, number, CallResult.WRONG_NUMBER)
            return Said(script, (script.stranger,))
        if key == "9":
            self._no_more(row, number, CallResult.OPTED_OUT)
            return Said(script, (script.no_more,))
        return Said(script, (script.goodbye,))

    def wish(self, call_id: str, number: int, key: str) -> Said:
        """What the customer wants."""
        row, made = self._calls.task(call_id), self._made(call_id, number)
        script = self._script(row)
        if key == "9":
            self._no_more(row, number, CallResult.OPTED_OUT)
            return Said(script, (script.no_more,))
        if key == "1" and made.confirmed and Offer.PAY_LINK in row.offers:
            self._ledger.heard(call_id, number, CallResult.PAY_LINK)
            return Said(script, (script.link_comes,))
        if key == "2" and made.confirmed:
            self._ledger.heard(call_id, number, CallResult.CALL_BACK)
            return Said(script, (script.will_call,))
        return Said(script, (script.goodbye,))

    def over(self, call_id: str, number: int) -> None:
        """The call has ended. Who has pressed nothing has not said who they are: nobody answered."""
        self._made(call_id, number)
        self._ledger.heard(call_id, number, CallResult.NO_ANSWER, over=True)

    def call_back_at(self, row: CallTaskRow) -> datetime | None:
        """The first allowed moment for a person's call, from an hour on; None: the case has ended, or there is none."""
        now = self._calls.situation(row)
        if now is None:
            return None
        return next_call(now, now.at + _SOON)

    def _no_more(self, row: CallTaskRow, number: int, result: CallResult) -> None:
        """Kept with its closing before it is answered: it holds for people's calls too, whenever the case is told."""
        at = self._calls.now(row)
        self._ledger.heard(row.call_id, number, result)
        self._ledger.call_result(row.call_id, AUTOMATIC, result, at, "")
        close_as_said(self._ledger, row, result, number, at)

    def _script(self, row: CallTaskRow) -> VoiceScript:
        invoice = self._payments().read_invoice(row.invoice_id)
        address = self._ledger.recipient(row.customer_id).address
        case = self._ledger.case(row.invoice_id)
        return self._scripts().of(case.segment if case else "").script(address, invoice)

    def _made(self, call_id: str, number: int) -> CallRow:
        """Raises Unknown for a call that the automatic service has not taken."""
        self._calls.task(call_id)
        for one in self._ledger.calls_of(call_id):
            if one.number == number and one.by == AUTOMATIC:
                return one
        raise Unknown(f"There is no call {number} of {call_id} by {AUTOMATIC}.")
