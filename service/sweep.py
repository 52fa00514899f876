"""The sweep: looks for what no webhook brought, and takes it in as if one had.

It lists what happened at the payment provider, its open invoices and our open cases, one page at a time, and keeps how
far it has come: it may be interrupted anywhere. What it takes in goes the way of all records (service/intake.py), so
nothing is done twice, also when the webhook comes after all.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from domain.record import Entry
from domain.sweep import SWEEP, Mend, Stage, Sweep, Tally, next_sweep
from gateways.ports.ledger import Ledger
from gateways.ports.metering import NO_METER, SWEPT_REFUSED, Meter
from gateways.ports.payments import Payments
from gateways.ports.sweep import EventPage, Lists, SeenInvoice, SweepBook
from gateways.ports.trouble import ABOUT_ONE
from service.feed import FAILURES, Line, take_events, take_read
from service.intake import Intake
from service.lanes import Piece, overlapping
from service.opening import Failure, Taken
from service.sweep_cases import CaseCheck
from service.threads import Threads

AT_ONCE = 4
"""Records that are taken in at the same time: each makes a request or two, and Stripe's limit is everybody's."""

_CASES_A_PAGE = 50


class Sweeping:
    """`ports.Sweeper`. `back` and `grace`: see `domain.sweep.next_sweep`.

    Raises ProviderTrouble, ProviderMisuse, or RPCError when Temporal does not answer; the same page may be asked again.
    """

    def __init__(
        self,
        book: SweepBook,
        ledger: Ledger,
        lists: Lists,
        payments: Payments,
        intake: Intake,
        check: CaseCheck,
        threads: Threads,
        clock: Callable[[], datetime],
        back: timedelta,
        grace: timedelta,
        meter: Meter = NO_METER,
    ) -> None:
        self._meter = meter
        self._book = book
        self._ledger = ledger
        self._lists = lists
        self._payments = payments
        self._intake = intake
        self._check = check
        self._threads = threads
        self._clock = clock
        self._back = back
        self._grace = grace

    def close(self) -> None:
        """Waits for what is in hand."""
        self._threads.close()

    async def begin(self, *, whole: bool = False) -> Sweep:
        last = await self._threads.run(self._book.newest_sweep)
        sweep = next_sweep(last, self._clock(), self._back, self._grace, whole=whole)
        await self._threads.run(self._book.keep_sweep, sweep)
        return sweep

    async def page(self, sweep: Sweep) -> Sweep:
        match sweep.stage:
            case Stage.EVENTS:
                then = await self._events(sweep)
            case Stage.INVOICES:
                then = await self._invoices(sweep)
            case Stage.CASES:
                then = await self._cases(sweep)
        for mend in then.tally.mended:
            self._meter.swept(mend, then.tally.mended[mend] - sweep.tally.mended.get(mend, 0))
        self._meter.swept(SWEPT_REFUSED, then.tally.refused - sweep.tally.refused)
        await self._threads.run(self._book.keep_sweep, then)
        return then

    async def _events(self, sweep: Sweep) -> Sweep:
        page = await self._part(sweep)
        if page is None:
            return sweep.narrower()
        tally = Tally(events=len(page.events))
        async for line in take_events(self._intake, page.events, AT_ONCE):
            tally = tally.plus(await self._mended(line))
        return sweep.after_events(tally, few=not page.more and len(page.events) * 4 < _FULL)

    async def _part(self, sweep: Sweep) -> EventPage | None:
        """The events of the next part; None where there are too many for a page, and it can be made shorter.

        Only a whole part is known from its oldest event on, and a case has to begin with its first failure.
        """
        page = await self._threads.run(self._lists.events, sweep.place, sweep.part_until)
        if not page.more:
            return page
        if not sweep.is_narrowest:
            return None
        return EventPage(await self._threads.run(self._lists.all_events, sweep.place, sweep.part_until), more=True)

    async def _invoices(self, sweep: Sweep) -> Sweep:
        page = await self._threads.run(self._lists.open_invoices, sweep.since, sweep.after)
        tally = Tally(invoices=len(page.invoices))
        async for found in overlapping(self._unknown(page.invoices), AT_ONCE):
            tally = tally.plus(found)
        return sweep.after_invoices(tally, page.after)

    def _unknown(self, invoices: Iterable[SeenInvoice]) -> Iterator[Piece[Tally]]:
        now = self._clock()
        for invoice in invoices:
            overdue = invoice.sent and invoice.due_at is not None and invoice.due_at < now
            if overdue or (invoice.tried and not invoice.sent):
                yield Piece((), partial(self._open, invoice))

    async def _open(self, invoice: SeenInvoice) -> Tally:
        try:
            if not await self._threads.run(self._has_failed, invoice):
                return Tally()
        except ABOUT_ONE:
            return Tally(refused=1)
        failure = Failure(invoice_id=invoice.id, heard_at=self._clock(), due_only=invoice.sent)
        return await self._mended(
            await take_read(self._intake, failure, Line(line=0, result="", invoice_id=invoice.id))
        )

    def _has_failed(self, invoice: SeenInvoice) -> bool:
        """Whether it is open because of a failure: a debit that is on its way has been tried as well."""
        if self._ledger.case(invoice.id):
            return False
        if invoice.sent:
            return True
        now = self._payments.read_invoice(invoice.id, with_decline=True)
        failed = now.last_decline is not None or now.payment_method is None
        return failed and not now.paying and not now.verifying and not now.voucher

    async def _cases(self, sweep: Sweep) -> Sweep:
        states = await self._threads.run(self._ledger.case_states, sweep.after, _CASES_A_PAGE)
        tally = Tally(cases=len(states))
        pieces = (Piece[Tally]((), partial(self._check.check, invoice_id, state)) for invoice_id, state in states)
        async for found in overlapping(pieces, AT_ONCE):
            tally = tally.plus(found)
        more = len(states) == _CASES_A_PAGE
        return sweep.after_cases(tally, states[-1][0] if more else None, self._clock())

    async def _mended(self, line: Line) -> Tally:
        """What became of one record; what was mended goes on record."""
        if line.result in FAILURES:
            return Tally(refused=1)
        mend = {Taken.OPENED.value: Mend.OPENED, Taken.PASSED_ON.value: Mend.TOLD}.get(line.result)
        if mend is None:
            return Tally()
        if line.invoice_id:
            await self._threads.run(self._record, line.invoice_id, mend, line)
        return Tally(mended={mend: 1})

    def _record(self, invoice_id: str, mend: Mend, line: Line) -> None:
        if self._ledger.case(invoice_id) is None:
            return  # news of an invoice that several cases were told of
        why = f"{line.event_type or 'the failed payment'} had not reached us"
        entry = Entry(at=self._clock(), step=SWEEP, what=_WHAT[mend], why=why)
        self._ledger.record_effect(invoice_id, entry, line.event_id or invoice_id)


_FULL = 100
_WHAT = {Mend.OPENED: "found by the sweep", Mend.TOLD: "told by the sweep"}
