"""Records of failed invoices on a file or stdin: JSON, JSON Lines, Stripe events or plain JSON."""

import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from domain.base import Frozen
from domain.declines import RawDecline
from domain.moments import Moment
from domain.money import Money
from domain.sentences import sentence
from domain.texts import UNKEPT, Printable, is_unkept
from gateways.ports.rows import CustomerRow
from service.arrays import BrokenArray
from service.opening import Failure


def _integer(digits: str) -> int | float:
    """A whole number; infinite when no field can hold it.

    Python refuses to read one of more than 4,300 digits, and with it the whole text.
    """
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


_MOST_DIGITS = 40
_JSON = json.JSONDecoder(parse_int=_integer)
_HEAD_OF_LIST = re.compile(
    r'^\s*\{\s*"object"\s*:\s*"list"\s*,(\s*"(url|has_more)"\s*:\s*[^,{}\[\]]+,)*\s*"data"\s*:\s*\['
)
_BETWEEN = re.compile(r"[\s,]*")
_TOO_DEEP = "It is nested too deeply to be a record."


# Ids and codes become part of keys, addresses and summaries, which have limits of their own.
_Id = Annotated[str, Field(min_length=1, max_length=255), Printable]
_Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_. -]{0,80}$")]


class MalformedRecord(Exception):
    """What should be a record is not one. One sentence that names the field."""


class PlainCustomer(Frozen):
    """The customer as the billing system knows them; what is left out is read from Stripe."""

    id: _Id
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    line_user_id: str | None = None
    preferred_channel: Literal["email", "sms", "notice", "whatsapp", "line", "letter"] | None = None  # as they said
    country: str | None = None
    region: str | None = None
    language: str | None = None
    time_zone: str | None = None
    segment: str | None = None


class PlainInvoice(Frozen):
    """A failed invoice of a billing system that charges through Stripe: `invoice_id` is Stripe's id.

    Only the id is needed: whether the invoice is still open, and all that is left out, is read from Stripe. What is
    stated about money and customer has to agree with Stripe.
    """

    invoice_id: _Id
    number: str | None = None
    customer: PlainCustomer | None = None
    subscription_id: _Id | None = None
    amount: str | None = None  # major units, "19.99"
    currency: str | None = None
    decline_code: _Code | None = None
    error_code: _Code | None = None
    advice_code: _Code | None = None
    network_advice_code: _Code | None = None
    network_decline_code: _Code | None = None
    network: _Code | None = None
    failed_at: Moment | None = None
    policy: str | None = None

    @model_validator(mode="after")
    def _amount_with_currency(self) -> "PlainInvoice":
        if (self.amount is None) != (self.currency is None):
            raise ValueError("amount and currency come together: give both, or neither")
        try:
            self.money()
        except ValidationError:
            raise  # it names the currency
        except ValueError as error:
            raise ValueError(f"amount: {error}") from None
        return self

    def money(self) -> Money | None:
        return Money.of_major(self.amount, self.currency) if self.amount and self.currency else None

    def decline(self) -> RawDecline | None:
        fields = {name: getattr(self, name) for name in RawDecline.model_fields if name in PlainInvoice.model_fields}
        return RawDecline(**fields) if any(fields.values()) else None


def plain_failure(record: object, now: datetime) -> Failure:
    """Reads one plain record. Raises MalformedRecord with one sentence."""
    try:
        plain = PlainInvoice.model_validate(record)
    except ValidationError as error:
        raise MalformedRecord(sentence(error, PlainInvoice)) from None
    if plain.failed_at and plain.failed_at > now:
        raise MalformedRecord(f"failed_at: {plain.failed_at.isoformat()} lies in the future.")
    customer = None
    if plain.customer:
        stated = {"customer_id" if k == "id" else k: v for k, v in plain.customer.model_dump().items() if v}
        customer = CustomerRow.model_validate(stated)
    return Failure(
        invoice_id=plain.invoice_id,
        heard_at=now,
        failed_at=plain.failed_at,
        decline=plain.decline(),
        customer=customer,
        amount=plain.money(),
        number=plain.number,
        subscription_id=plain.subscription_id,
        policy=plain.policy,
    )


class Kind(StrEnum):
    EVENT = "event"
    INVOICE = "invoice"
    MALFORMED = "malformed"


class Record(Frozen):
    """One record of a file. `data` is what JSON made of it; `problem` says why it is none."""

    line: int  # counted from 1; where the record begins
    kind: Kind
    data: Any = None
    problem: str = ""


def as_text(data: bytes) -> str:
    """The text of a file or a pipe. What is no UTF-8 in it becomes half a character, which no record may have: that
    record is refused, and no other."""
    return data.decode(errors="surrogateescape")


def read_records(text: str) -> Iterator[Record]:
    """Every record of a file: a JSON array, one object, Stripe's list of events, or one object per line.

    What cannot be read is a record too, of the kind `malformed`, so that it does not hide the others.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return
    try:
        whole = _JSON.decode(text)
    except (ValueError, RecursionError) as error:
        yield from _broken_array(text) or _broken_object(text, error)
        return
    if isinstance(whole, dict) and whole.get("object") == "list" and isinstance(whole.get("data"), list):
        # Stripe lists the newest first.
        yield from (_record(data, 1) for data in reversed(whole["data"]))
    elif isinstance(whole, list):
        yield from (_record(data, line) for data, line in zip(whole, _starts(text), strict=True))
    else:
        yield _record(whole, 1 + text.count("\n", 0, len(text) - len(text.lstrip())))


def _broken_array(text: str) -> list[Record]:
    """What can be read of an array or of Stripe's list that is broken somewhere; nothing when the text is neither."""
    begin = len(text) - len(text.lstrip())
    if text.startswith("[", begin):
        return [*_elements(text, BrokenArray(text, begin, _JSON, lambda end: not text[end:].strip()))]
    if not (head := _HEAD_OF_LIST.search(text)):
        return []

    def is_end(end: int) -> bool:
        try:
            return isinstance(_JSON.decode(f"{text[: head.end()]}]{text[end:]}"), dict)
        except (ValueError, RecursionError):
            return False

    # Stripe lists the newest first.
    return [*_elements(text, BrokenArray(text, head.end() - 1, _JSON, is_end))][::-1]


def _elements(text: str, array: BrokenArray) -> Iterator[Record]:
    counted, line = 0, 1
    for element in array:
        line += text.count("\n", counted, element.start)
        counted = element.start
        if element.problem:
            yield Record(line=line, kind=Kind.MALFORMED, problem=element.problem)
        else:
            yield _record(element.data, line)


def _broken_object(text: str, error: ValueError | RecursionError) -> list[Record]:
    """One object per line. Of one object over many lines that is broken somewhere no line is an object: its first fault
    is told, once."""
    lines = list(_lines(text))
    return lines if any(isinstance(line.data, dict) for line in lines) else [_broken(error, 1)]


def _lines(text: str) -> Iterator[Record]:
    # Not splitlines: it cuts at characters that JSON allows within a text, such as U+2028.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield _record(_JSON.decode(line), number)
        except (ValueError, RecursionError) as error:
            yield _broken(error, number)


def _starts(text: str) -> Iterator[int]:
    """The line in which each element of a well-formed JSON array begins."""
    position, line = 0, 1
    end = text.index("[") + 1
    while True:
        start = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]  # it matches the empty string too
        line += text.count("\n", position, start)
        position = start
        if text[position] == "]":
            return
        yield line
        _, end = _JSON.raw_decode(text, position)


def _record(data: object, line: int) -> Record:
    if problem := _unwritable(data):
        return Record(line=line, kind=Kind.MALFORMED, problem=problem)
    if isinstance(data, dict):
        if data.get("object") == "event" or {"type", "data"} <= data.keys():
            return Record(line=line, kind=Kind.EVENT, data=data)
        if "invoice_id" in data:
            return Record(line=line, kind=Kind.INVOICE, data=data)
    problem = "It is neither a Stripe event (id, type, created, data) nor a failed invoice, which needs invoice_id."
    return Record(line=line, kind=Kind.MALFORMED, data=data, problem=problem)


def _unwritable(data: object) -> str:
    """Why it could be read, but not stored; empty when it can."""
    try:
        return f"A{UNKEPT[1:]}." if is_unkept(data) else ""
    except RecursionError:
        return _TOO_DEEP


def _broken(error: ValueError | RecursionError, line: int) -> Record:
    if isinstance(error, RecursionError):
        return Record(line=line, kind=Kind.MALFORMED, problem=_TOO_DEEP)
    where = line + error.lineno - 1 if isinstance(error, json.JSONDecodeError) else line
    what = error.msg if isinstance(error, json.JSONDecodeError) else "unreadable"
    return Record(line=where, kind=Kind.MALFORMED, problem=f"It is not JSON ({what}).")
