"""Calls that no person makes: taken from the same queue by the same judge, dialled once, and heard out.

What is pressed is kept before it is answered; the case is told of it afterwards, whenever Temporal answers.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from temporalio.service import RPCError

from domain.addresses import NONE_KNOWN, address_key
from domain.calls import AUTOMATIC, CallResult, in_utc
from domain.rules.calls import PHONE, next_call
from gateways.ports.calls import CallRow, CallTaskRow
from gateways.ports.consents import why_not_automatic
from gateways.ports.ledger import Ledger
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble, Unreachable
from gateways.ports.voice import CallFate, Dialler
from service.call_results import CallResults
from service.calls import Calls
from service.requests import Refused, Unavailable, Unknown, WrongRequest
from service.threads import Threads

_LONGEST = timedelta(minutes=10)
"""After that the provider is asked what became of a call of which it has told nothing."""
_SOON = timedelta(hours=1)
"""Who wants to be called by a person has that long before it, at least."""
_ASKED_AGAIN = timedelta(minutes=5)
"""What was refused is not asked about before: each time the invoice is read at the payment provider."""
_MENDED = timedelta(minutes=15)
"""So long nobody is dialled where the provider refuses the account or its caller's number."""
_log = logging.getLogger(__name__)


def place(call_id: str, number: int) -> str:
    """The path under which the provider asks what to say in one call."""
    return f"/voice/{call_id}/{number}"


class AutomaticCalls:
    """Dials, looks up what was lost, and tells the cases what was heard. Blocks, but for `round`.

    dials_within: so long another process may still be dialling a call of which no answer has come."""

    def __init__(
        self, ledger: Ledger, calls: Calls, dialler: Dialler, clock: Callable[[], datetime], dials_within: timedelta
    ) -> None:
        self._ledger = ledger
        self._calls = calls
        self._dialler = dialler
        self._clock = clock
        self._dials_within = dials_within
        self._quiet_until: datetime | None = None
        self._refused: dict[str, datetime] = {}  # call id → when it is asked about again
        self._seen: dict[tuple[str, int], datetime] = {}  # call id and number → when it was first looked at

    async def round(self, results: Callable[[], Awaitable[CallResults]], threads: Threads) -> int:
        """Tells the cases what was heard, and then dials what may be dialled now; how many calls were looked at."""
        looked_at = 0
        untold = await threads.run(self._ledger.untold_calls)
        theirs = {(made.call_id, made.number) for _, made in untold}
        self._seen = {call: seen for call, seen in self._seen.items() if call in theirs}
        for row, made in untold:
            looked_at += 1
            if not await self._told(row, made, results, threads):
                return looked_at
        after = ""
        while page := await threads.run(self._ledger.automatic_calls, self._clock(), after):
            for row in page:
                if self._quiet_until and self._clock() < self._quiet_until:
                    return looked_at
                looked_at += 1
                await threads.run(self.attempt, row)
            after = page[-1].call_id
        return looked_at

    async def _told(
        self, row: CallTaskRow, made: CallRow, results: Callable[[], Awaitable[CallResults]], threads: Threads
    ) -> bool:
        """Takes one call a step further. False: cases can be told nothing now."""
        try:
            heard = await threads.run(self.look, row, made)
            if heard:
                result, at = await threads.run(self._result, row, made, heard)
                await (await results()).say_automatically(row.call_id, result, at)
                await threads.run(self._ledger.told, row.call_id, made.number)
        except (Refused, Unknown, WrongRequest) as error:
            _log.warning("Of %s the case is not told: %s", row.call_id, error)
        except (Unavailable, RPCError) as error:
            _log.warning("Nobody is dialled until cases can be told what was heard: %s", error)
            return False
        except (ProviderTrouble, ProviderMisuse) as error:
            _log.warning("%s waits: %s", row.call_id, error)
        return True

    def attempt(self, row: CallTaskRow) -> None:
        """As `begin`; what is refused is not asked about again for a while."""
        again = self._refused.get(row.call_id)
        if again and self._lives_at(row) < again:
            return
        try:
            self.begin(row)
        except (Refused, Unknown, ProviderTrouble, ProviderMisuse) as error:
            self._refused[row.call_id] = self._lives_at(row) + _ASKED_AGAIN
            _log.info("%s is not dialled: %s", row.call_id, error)
        except Exception:  # a defect in one holds no other up
            self._refused[row.call_id] = self._lives_at(row) + _ASKED_AGAIN
            _log.exception("%s is not dialled", row.call_id)

    def look(self, row: CallTaskRow, made: CallRow) -> CallResult | None:
        """Takes a call that was made a step further; what was heard in it, once that is known."""
        if made.heard:
            return made.heard
        begun = self._begun(made)
        age = self._clock() - begun
        if made.provider_id is None and age >= self._dials_within:
            self._find(row, made)
        if made.provider_id is None or age < _LONGEST:
            return None
        fate = self._dialler.fate(made.provider_id)
        if fate is CallFate.ON_ITS_WAY:
            return None
        self._ledger.over(row.call_id, made.number)
        return next(one for one in self._ledger.calls_of(row.call_id) if one.number == made.number).heard

    def _begun(self, made: CallRow) -> datetime:
        """By this machine's clock, also where the case lives ahead of it."""
        return min(made.at, self._seen.setdefault((made.call_id, made.number), self._clock()))

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

    def begin(self, row: CallTaskRow) -> None:
        """Dials, if it may be done now: consent is asked at this moment too, and all that is asked of who takes a call.

        Raises Refused, or ProviderTrouble or ProviderMisuse: where the voice provider says so nobody is dialled for a
        while."""
        if row.call_from > (at := self._lives_at(row)) or not self._calls.may_be_made(row):
            return
        number = self._ledger.recipient(row.customer_id).address.place(PHONE)
        if number and (why := why_not_automatic(self._ledger, row.customer_id, number)):
            self._ledger.not_automatic(row.call_id, at, why)
            return
        self._calls.take_automatically(row)
        made = self._ledger.calls_of(row.call_id)[-1]
        # Who takes it has read the invoice, and with it perhaps another number.
        number = self._ledger.recipient(row.customer_id).address.place(PHONE)
        why = why_not_automatic(self._ledger, row.customer_id, number) if number else NONE_KNOWN["phone"]
        if number is None or why:
            self._ledger.not_automatic(row.call_id, at, why or "", made.number)
            return
        try:
            dialled = self._dialler.dial(number, place(row.call_id, made.number))
        except Unreachable as error:
            self._ledger.not_automatic(row.call_id, at, str(error), made.number)
        except ProviderTrouble as error:
            if error.not_executed:
                self._ledger.give_back(row.call_id, AUTOMATIC, at, str(error))
            self._be_quiet(error.retry_after or _ASKED_AGAIN, error)
            raise
        except ProviderMisuse as error:
            self._ledger.give_back(row.call_id, AUTOMATIC, at, str(error))
            self._be_quiet(_MENDED, error)
            raise
        else:
            self._ledger.dialled(row.call_id, made.number, dialled.provider_id)

    def _be_quiet(self, wait: timedelta, error: Exception) -> None:
        self._quiet_until = self._clock() + wait
        _log.error("Nobody is dialled until %s: %s", in_utc(self._quiet_until), error)

    def _find(self, row: CallTaskRow, made: CallRow) -> None:
        """What became of a call whose answer was lost; one that was not made is given back, and judged anew."""
        went_to = self._ledger.call_place(row.call_id, made.number)
        number = self._dialled(row, went_to)
        if number is None or went_to is None:
            # Where it went nobody can look up any more: it is not made a second time.
            self._ledger.over(row.call_id, made.number)
            return
        found = self._dialler.find(number, self._begun(made), self._ledger.dialled_at(went_to))
        if found:
            self._ledger.dialled(row.call_id, made.number, found.provider_id)
        else:
            self._ledger.give_back(row.call_id, AUTOMATIC, self._calls.now(row), "Twilio has no such call")

    def _dialled(self, row: CallTaskRow, went_to: str | None) -> str | None:
        """The number that was called: of the customer's newest and the task's the one that is kept of the call."""
        newest = self._ledger.recipient(row.customer_id).address.place(PHONE)
        return next((one for one in (newest, row.address) if one and address_key(one) == went_to), None)

    def call_back_at(self, row: CallTaskRow) -> datetime | None:
        """The first allowed moment for a person's call, from an hour on; None: the case has ended, or there is none."""
        now = self._calls.situation(row)
        if now is None:
            return None
        return next_call(now, now.at + _SOON)
