"""A file of records, taken in one after the other. One that cannot be taken does not stop the others."""

from collections.abc import AsyncIterator

from domain.base import Frozen
from gateways import stripe_events
from gateways.policy_files import PolicyError
from gateways.ports.trouble import NotFound
from gateways.provider_facts import MalformedEvent
from service.intake import Intake
from service.opening import WrongRecord
from service.records import Kind, MalformedRecord, Record, read_records

MALFORMED = "malformed"
REFUSED = "refused"
FAILURES = frozenset({MALFORMED, REFUSED})


class Line(Frozen):
    """What became of one record of a file."""

    line: int  # where the record begins, counted from 1
    result: str  # a value of Taken, `malformed` or `refused`
    invoice_id: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    problem: str = ""


async def take_all(intake: Intake, text: str) -> AsyncIterator[Line]:
    """Takes in every record of the text, in its order, and tells what became of each.

    Trouble that would meet every record alike (no Temporal, a wrong API key) is raised; the same text may then be
    given again as a whole.
    """
    for record in read_records(text):
        yield await _take(intake, record)


async def _take(intake: Intake, record: Record) -> Line:
    line = _named(record)
    if record.kind is Kind.MALFORMED:
        return line
    take = intake.take_event if record.kind is Kind.EVENT else intake.take_json
    try:
        return line.model_copy(update={"result": (await take(record.data)).value})
    except (MalformedEvent, MalformedRecord) as error:
        return line.model_copy(update={"problem": str(error)})
    except (NotFound, WrongRecord, PolicyError) as error:
        return line.model_copy(update={"result": REFUSED, "problem": str(error)})


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
    return value[:80] if isinstance(value, str) and value else None
