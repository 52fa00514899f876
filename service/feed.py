"""A file of records, taken in with many in hand at once. One that cannot be taken does not stop the others."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import partial

from domain.base import Frozen
from domain.texts import one_line
from gateways import stripe_events
from gateways.policy_files import PolicyError
from gateways.ports.trouble import ABOUT_ONE
from gateways.provider_facts import Fact, ForeignEvent, MalformedEvent
from service.intake import Intake
from service.lanes import Piece, overlapping
from service.opening import Failure, NotAdmitted, Taken, WrongRecord
from service.records import Kind, MalformedRecord, Record, read_records
from service.sequence import Sequence as InOrder
from service.stream import RecordStream

MALFORMED = "malformed"
REFUSED = "refused"
NO_CASE = "no case"
FAILURES = frozenset({MALFORMED, REFUSED})


class Line(Frozen):
    """What became of one record of a file."""

    line: int  # where the record begins, counted from 1
    result: str  # a value of Taken, `no case`, `malformed` or `refused`
    invoice_id: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    problem: str = ""
    note: str = ""  # what else there is to say of one that was taken


async def take_as_it_comes(intake: Intake, lines: AsyncIterator[Sequence[str]]) -> AsyncIterator[Line]:
    """Takes in every record of a stream as soon as it is complete, and tells what became of it.

    `lines` gives what has come since the last time: all of that overlaps, as in `take_all`, and is done before the next
    is looked at. Raises what `take_all` raises.
    """
    stream = RecordStream()
    async for some in lines:
        records = [record for line in some for record in stream.take(line)]
        async for done in overlapping(_pieces(intake, records), intake.at_once):
            yield done
    async for done in overlapping(_pieces(intake, stream.end()), intake.at_once):
        yield done


async def take_all(intake: Intake, text: str) -> AsyncIterator[Line]:
    """Takes in every record of the text and tells, in the text's order, what became of each.

    Records overlap; those about one invoice are taken in in their order, and so is what concerns a customer.

    Trouble that would meet every record alike (no Temporal, a wrong API key) is raised after the lines of those that
    were in hand; the same text may then be given again as a whole.
    """
    async for line in overlapping(_pieces(intake, read_records(text)), intake.at_once):
        yield line


async def take_events(intake: Intake, events: Iterable[object], at_once: int) -> AsyncIterator[Line]:
    """As `take_all`, of the payment provider's events themselves, the oldest first."""
    records = [Record(line=number, kind=Kind.EVENT, data=event) for number, event in enumerate(events, 1)]
    async for line in overlapping(_pieces(intake, records), at_once):
        yield line


def _pieces(intake: Intake, records: Iterable[Record]) -> Iterator[Piece[Line]]:
    order = InOrder()
    for record in records:
        read = read_record(intake, record)
        if isinstance(read, Line):
            yield Piece((), partial(_told, read))
        else:
            yield Piece(order.claims(read), partial(take_read, intake, read, _named(record)))


def read_record(intake: Intake, record: Record) -> Fact | Failure | Line:
    """What the record says, or the line that says why it cannot be read. Never raises."""
    line = _named(record)
    if record.kind is Kind.MALFORMED:
        return line
    try:
        return intake.read_event(record.data) if record.kind is Kind.EVENT else intake.read_json(record.data)
    except (MalformedEvent, MalformedRecord) as error:
        return line.model_copy(update={"problem": one_line(str(error))})
    except ForeignEvent as error:
        return line.model_copy(update={"result": Taken.IGNORED.value, "problem": one_line(str(error))})


async def _told(line: Line) -> Line:
    return line


async def take_read(intake: Intake, read: Fact | Failure, line: Line) -> Line:
    """Takes in what was read of one record; `line` names it."""
    try:
        receipt = await intake.receive(read)
        named = line.invoice_id or receipt.invoice_id
        return line.model_copy(update={"result": receipt.taken.value, "invoice_id": named, "note": receipt.note})
    except NotAdmitted as error:
        return line.model_copy(update={"result": NO_CASE, "problem": one_line(str(error))})
    except (*ABOUT_ONE, WrongRecord, PolicyError) as error:
        return line.model_copy(update={"result": REFUSED, "problem": one_line(str(error))})


def _named(record: Record) -> Line:
    """The record's ids as far as it shows them; it is taken for malformed until it was taken in."""
    line = Line(line=record.line, result=MALFORMED, problem=record.problem)
    if record.kind is Kind.INVOICE:
        return line.model_copy(update={"invoice_id": _id(record.data.get("invoice_id"))})
    if record.kind is Kind.EVENT:
        named = stripe_events.names(record.data)
        return line.model_copy(update={name: _id(value) for name, value in named.model_dump().items()})
    return line


def _id(value: object) -> str | None:
    return one_line(value[:80]) or None if isinstance(value, str) else None
