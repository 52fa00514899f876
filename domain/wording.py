"""Which sentences a message has: one row per sentence. A gateway looks up the words of a key and fills in the values.

So a translation can be clumsy but not untrue: "could not collect" needs a try, "we will try again" a date, the final
notice a date and a consequence. Words and layouts: `policies/messages`; forms of amounts and dates: `gateways`.
"""

from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum
from functools import cache, partial
from itertools import groupby, product
from string import Formatter
from typing import NamedTuple

from domain.base import Frozen
from domain.closed import Closed
from domain.declines import Reason
from domain.known import ASKING, AtSending, Known, Period, Todo, Tone
from domain.money import Money
from domain.steps import DEMANDS, TEXTS, Channel, Stage
from domain.truth import Ending, MessageFacts

Value = Money | date | str | Period | tuple[Money, ...] | tuple[str, ...]


class Untrue(ValueError):
    """The message would leave out what it has to say. Its text says what, as a predicate: "names no date"."""


class Part(StrEnum):
    """A place in a message, in reading order. Sentences of one part stand together."""

    WRITER = "writer"  # who writes, in front of a text message
    SUBJECT = "subject"
    GREETING = "greeting"
    HAPPENED = "happened"  # what happened, and why
    FINALS = "finals"  # the customer's other invoices that it is the final notice of as well, which are listed
    OTHERS = "others"  # the customer's other unpaid invoices, which are listed
    TODO = "todo"  # what we will do, and what the customer can
    ACCESS = "access"
    END = "end"
    AMOUNTS = "amounts"  # a table: each sentence is the label of one value
    BUTTON = "button"
    LINK_HINT = "link_hint"
    TRANSFER = "transfer"  # the account for a transfer, on paper
    DOCUMENT = "document"  # where the invoice itself is
    HELP = "help"  # where the merchant answers
    ANSWER = "answer"  # that one can answer the message itself
    LINK = "link"
    CLOSING = "closing"
    REGARDS = "regards"
    SENDER = "sender"  # the foot: who writes, and why
    DOUBT = "doubt"  # what to do if it is not one's own invoice, or looks like a trap
    AGREED = "agreed"  # to which terms the customer has agreed
    PREFERENCES = "preferences"
    IMPRINT = "imprint"


PARAGRAPHS = frozenset({Part.HAPPENED, Part.TODO, Part.ACCESS, Part.END})


class Sentence(Frozen):
    """One sentence that is said."""

    part: Part
    key: str  # of its words: "stages.final.subject.tried"
    values: dict[str, Value]  # what the words may name
    labels: Value | None = None  # the value that it stands beside (Part.AMOUNTS)
    may: bool = False  # left out where there is no room


class Wording(Frozen):
    """The sentences of one message in reading order. Of those that `may` be said the first matters most."""

    sentences: tuple[Sentence, ...]

    def of(self, part: Part) -> tuple[Sentence, ...]:
        return tuple(sentence for sentence in self.sentences if sentence.part is part)

    def but(self, *parts: Part) -> tuple[Sentence, ...]:
        """The sentences of all other parts."""
        return tuple(sentence for sentence in self.sentences if sentence.part not in parts)

    def one(self, part: Part) -> Sentence:
        """The sentence of a part that has one. Raises ValueError when it has none, or several."""
        (sentence,) = self.of(part)
        return sentence

    @property
    def paragraphs(self) -> tuple[tuple[Sentence, ...], ...]:
        told = (sentence for sentence in self.sentences if sentence.part in PARAGRAPHS)
        return tuple(tuple(paragraph) for _, paragraph in groupby(told, lambda sentence: sentence.part))


class Row(NamedTuple):
    """When one sentence is said, and with what. `{…}` in its key is one of `ASPECTS`, the stage or the tone."""

    part: Part
    key: str
    channels: tuple[Channel, ...]
    when: Callable[[Known], bool] = lambda _known: True
    values: tuple[str, ...] = ()  # what its words may name besides `ALWAYS`
    stages: tuple[Stage, ...] = DEMANDS
    labels: str = ""  # the value that it stands beside (Part.AMOUNTS)
    may: bool = False  # left out where there is no room
    or_refuse: str = ""  # why nothing is sent where it would not be true; empty: it is left out


ALWAYS = ("merchant", "amount", "number")
"""What all words may name."""

ASPECTS: dict[str, tuple[tuple[str, ...], Callable[[Known], str]]] = {
    "tried": (("tried", "due"), lambda known: "tried" if known.tried() else "due"),
    "due": (("ahead", "passed"), lambda known: "passed" if known.facts.overdue else "ahead"),
    "reason": (tuple(Reason), lambda known: known.reason() or ""),
    "todo": (tuple(Todo), Known.todo),
    "ask": (ASKING, Known.todo),
    "ending": (tuple(Ending), lambda known: known.facts.ending or ""),
    "bill": (("one", "all"), Known.bill),
    "ends": (("one", "all"), Known.ends),
    "closed": (tuple(Closed), lambda known: known.facts.closed or ""),
    "plan": (("with_subscription", "without_subscription"), Known.plan),
}
"""What the words of a sentence differ by: all that it can be, and what it is."""

_EMAIL = (Channel.EMAIL,)
_LETTER = (Channel.LETTER,)
_MAIL = (Channel.EMAIL, Channel.LETTER)
_LONG = (Channel.EMAIL, Channel.LETTER, Channel.NOTICE)
_SMS = TEXTS
_FINAL = (Stage.FINAL,)
_INSISTING = (Stage.FIRM, Stage.FINAL)
_OTHERS = tuple(stage for stage in DEMANDS if stage is not Stage.FINAL)
_CLOSING = (Stage.CLOSING,)
_EVERY = tuple(Stage)
_SPOKEN = (Channel.EMAIL, Channel.NOTICE)
_DUNNING = tuple(stage for stage in _OTHERS if stage is not Stage.ACTION)
_ENDS: dict[Closed, tuple[str, ...]] = dict.fromkeys(Closed, ()) | {
    Closed.SETTLED: ("settled_for",),
    Closed.ENDED: ("ends_on",),
}
"""What a closing message names of its end."""
_LEFT: dict[str, tuple[str, ...]] = {"closed": (), "write_off": (), "agency": (), "agency_named": ("agency",)}
"""What became of a debt that was not paid, and what is named of it."""
_NOTHING = "does not say how the case ended"
_NO_END = "names no date or no consequence: give it both before it is sent"

ROWS: tuple[Row, ...] = (
    Row(Part.SUBJECT, "stages.{tone}.subject.{tried}", _LONG, Known.is_collected, stages=_OTHERS),
    Row(Part.SUBJECT, "stages.{tone}.subject.{tried}", _LONG, Known.is_collected, ("ends_on",), _FINAL),
    Row(Part.SUBJECT, "stages.{tone}.subject.{due}", _LONG, Known.was_sent, ("due_on",), _DUNNING),
    Row(Part.SUBJECT, "stages.{tone}.subject.{due}", _LONG, Known.was_sent, ("due_on", "ends_on"), _FINAL),
    Row(Part.GREETING, "greeting.named", _MAIL, Known.named, ("name",), stages=_EVERY),
    Row(Part.GREETING, "greeting.neutral", _MAIL, Known.nameless, stages=_EVERY),
    Row(Part.HAPPENED, "stages.{tone}.opening.{tried}", _LONG, Known.is_collected, stages=_OTHERS),
    Row(Part.HAPPENED, "stages.{tone}.opening.{tried}", _LONG, Known.is_collected, ("ends_on",), _FINAL),
    Row(Part.HAPPENED, "stages.{tone}.opening.{due}", _LONG, Known.was_sent, ("due_on",), _DUNNING),
    Row(Part.HAPPENED, "stages.{tone}.opening.{due}", _LONG, Known.was_sent, ("due_on", "ends_on"), _FINAL),
    Row(Part.HAPPENED, "came_back", _LONG, Known.came_back),
    # A notice is read by all who share the account: the bank's answer is nobody's business but the payer's.
    Row(Part.HAPPENED, "reasons.{reason}", _EMAIL, Known.knows_why),
    Row(Part.HAPPENED, "reasons.{reason}", _LETTER, Known.tells_why_on_paper),
    Row(Part.FINALS, "finals", _LONG, Known.lists_finals, stages=_FINAL),
    Row(Part.OTHERS, "others", _LONG, Known.lists_others),
    # Who is urged to pay while a try is left reads of both in one sentence: two instructions read like paying twice.
    Row(Part.TODO, "unless_paid.{tried}", _LONG, Known.pays_or_is_charged, ("next_charge_on",), _INSISTING),
    Row(Part.TODO, "next_charge.{tried}", _LONG, Known.is_charged_anyway, ("next_charge_on",)),
    Row(Part.TODO, "todo.{todo}", _LONG, Known.has_a_todo),
    Row(Part.TODO, "other_day", _LONG, Known.charge_is_planned, ("next_charge_on",)),
    Row(Part.ACCESS, "access.read_only.{bill}", _LONG, Known.is_read_only),
    Row(Part.ACCESS, "access.blocked.{bill}", _LONG, Known.is_blocked),
    Row(Part.ACCESS, "restricts.{tone}.{bill}", _LONG, Known.will_be_restricted, ("restricts_on",)),
    Row(Part.ACCESS, "tightens.{bill}", _LONG, Known.will_be_tightened, ("restricts_on",)),
    Row(Part.END, "outlook.{tone}.{ending}.{plan}", _LONG, Known.foresees_the_end, ("ends_on",), (Stage.FIRM,)),
    Row(Part.END, "ending.{ending}.{plan}.one", _LONG, Known.was_warned, ("ends_on",), (Stage.FIRM,)),
    Row(Part.END, "ending.{ending}.{plan}.{ends}", _LONG, Known.knows_the_end, ("ends_on",), _FINAL, or_refuse=_NO_END),
    Row(Part.AMOUNTS, "labels.invoice", _MAIL, labels="number", stages=_EVERY),
    Row(Part.AMOUNTS, "labels.bought", _MAIL, Known.knows_what, labels="bought", stages=_EVERY),
    Row(Part.AMOUNTS, "labels.period", _MAIL, Known.knows_period, labels="period", stages=_EVERY),
    Row(Part.AMOUNTS, "labels.method", _MAIL, Known.names_method, labels="method"),
    Row(Part.AMOUNTS, "labels.due_on", _MAIL, Known.was_sent, labels="due_on"),
    Row(Part.AMOUNTS, "labels.due", _MAIL, labels="amount"),
    Row(Part.AMOUNTS, "labels.total", _MAIL, Known.shows_total, labels="total"),
    Row(Part.AMOUNTS, "labels.tax", _MAIL, Known.states_tax, labels="tax"),
    Row(Part.BUTTON, "buttons.pay", _EMAIL, Known.only_pays),
    Row(Part.BUTTON, "buttons.{ask}", _EMAIL, Known.asks_for_more),
    Row(Part.LINK_HINT, "labels.link_hint", _EMAIL, stages=_EVERY),
    Row(Part.LINK_HINT, "letter.code", _LETTER),
    Row(Part.TRANSFER, "letter.transfer", _LETTER, Known.shows_bank),
    Row(Part.DOCUMENT, "labels.document", _EMAIL, Known.leads_to_the_invoice, stages=_EVERY),
    Row(Part.HELP, "labels.help", _LONG, stages=_EVERY),
    Row(Part.ANSWER, "labels.answer", _EMAIL, Known.can_be_answered, stages=_EVERY),
    Row(Part.CLOSING, "stages.{tone}.closing.{tried}", _MAIL, stages=_OTHERS),
    Row(Part.CLOSING, "stages.{tone}.closing.{tried}", _MAIL, values=("ends_on",), stages=_FINAL),
    Row(Part.REGARDS, "regards", _MAIL, stages=_EVERY),
    Row(Part.SENDER, "labels.sender", _MAIL),
    Row(Part.DOUBT, "labels.doubt", _MAIL),
    Row(Part.AGREED, "labels.agreed", _EMAIL, Known.has_agreed, ("agreed_on",)),
    Row(Part.PREFERENCES, "labels.preferences", _EMAIL, Known.has_preferences, stages=_EVERY),
    Row(Part.IMPRINT, "labels.imprint", _MAIL, Known.has_imprint, stages=_EVERY),
    # How a case ended.
    Row(Part.SUBJECT, "closings.{closed}.subject", _SPOKEN, Known.closes, stages=_CLOSING, or_refuse=_NOTHING),
    *(
        Row(Part.HAPPENED, f"closings.{one}.opening", _SPOKEN, partial(Known.says, closed=one), names, _CLOSING)
        for one, names in _ENDS.items()
    ),
    *(
        Row(Part.HAPPENED, f"closings.left.{one}", _SPOKEN, partial(Known.leaves, left=one), names, _CLOSING)
        for one, names in _LEFT.items()
    ),
    Row(Part.ACCESS, "closings.access", _SPOKEN, Known.has_access_again, stages=_CLOSING),
    Row(Part.FINALS, "closings.also", _SPOKEN, Known.lists_alike, stages=_CLOSING),
    Row(Part.FINALS, "closings.also_settled", _SPOKEN, Known.lists_settled, stages=_CLOSING),
    Row(
        Part.AMOUNTS,
        "closings.labels.paid",
        _EMAIL,
        partial(Known.says, closed=Closed.PAID),
        stages=_CLOSING,
        labels="amount",
    ),
    Row(
        Part.AMOUNTS,
        "closings.labels.settled",
        _EMAIL,
        partial(Known.says, closed=Closed.SETTLED),
        stages=_CLOSING,
        labels="settled_for",
    ),
    Row(Part.AMOUNTS, "labels.due", _EMAIL, Known.has_an_agency, stages=_CLOSING, labels="amount"),
    Row(
        Part.AMOUNTS,
        "closings.labels.closed",
        _EMAIL,
        Known.is_closed_unpaid,
        stages=_CLOSING,
        labels="amount",
    ),
    Row(Part.BUTTON, "closings.button", _EMAIL, stages=_CLOSING),
    Row(Part.CLOSING, "closings.{closed}.closing", _EMAIL, stages=_CLOSING),
    Row(Part.SENDER, "closings.sender", _EMAIL, stages=_CLOSING),
    Row(Part.DOUBT, "closings.doubt", _EMAIL, stages=_CLOSING),
    # A text message: what need not be said stands in the order of its importance.
    Row(Part.WRITER, "sms.writer", _SMS, Known.introduces, stages=_EVERY),
    Row(Part.HAPPENED, "sms.opening.{stage}.{tried}", _SMS, Known.is_collected, stages=_OTHERS),
    Row(Part.HAPPENED, "sms.opening.{stage}.{tried}", _SMS, Known.is_collected, ("ends_on",), _FINAL),
    Row(Part.HAPPENED, "sms.opening.{stage}.{due}", _SMS, Known.was_sent, ("due_on",), _DUNNING),
    Row(Part.HAPPENED, "sms.opening.{stage}.{due}", _SMS, Known.was_sent, ("due_on", "ends_on"), _FINAL),
    Row(Part.FINALS, "sms.finals", _SMS, Known.lists_alike, ("finals",), (*_FINAL, *_CLOSING)),
    Row(Part.HAPPENED, "sms.came_back", _SMS, Known.came_back, may=True),
    Row(Part.OTHERS, "sms.others", _SMS, Known.has_others, ("count", "sum")),
    Row(Part.TODO, "sms.next_charge.{tried}", _SMS, Known.charge_is_planned, ("next_charge_on",), may=True),
    Row(Part.TODO, "sms.todo.{ask}", _SMS, Known.asks_for_more, may=True),  # that it is to be paid, the link says
    Row(Part.ACCESS, "sms.access.read_only.{bill}", _SMS, Known.is_read_only, may=True),
    Row(Part.ACCESS, "sms.access.blocked.{bill}", _SMS, Known.is_blocked, may=True),
    Row(Part.ACCESS, "sms.restricts.{bill}", _SMS, Known.will_be_restricted, ("restricts_on",), may=True),
    Row(Part.ACCESS, "sms.tightens", _SMS, Known.will_be_tightened, ("restricts_on",), may=True),
    Row(
        Part.END,
        "sms.ending.{ending}.{plan}.{ends}",
        _SMS,
        Known.knows_the_end,
        ("ends_on",),
        _FINAL,
        or_refuse=_NO_END,
    ),
    Row(Part.HELP, "sms.help", _SMS, values=("contact",), may=True, stages=_EVERY),
    Row(Part.HELP, "sms.stranger", _SMS, may=True, stages=_EVERY),
    *(
        Row(Part.HAPPENED, f"sms.closings.{one}", _SMS, partial(Known.says, closed=one), names, _CLOSING)
        for one, names in _ENDS.items()
    ),
    *(
        Row(Part.HAPPENED, f"sms.closings.left.{one}", _SMS, partial(Known.leaves, left=one), names, _CLOSING)
        for one, names in _LEFT.items()
    ),
    Row(Part.FINALS, "sms.closings.also_settled", _SMS, Known.lists_settled, ("finals",), _CLOSING),
    Row(Part.ACCESS, "sms.closings.access", _SMS, Known.has_access_again, stages=_CLOSING),
    Row(Part.LINK, "sms.closings.link", _SMS, values=("link",), stages=_CLOSING),
    Row(Part.LINK, "sms.link.pay", _SMS, Known.asks_no_confirmation, ("link",)),
    Row(Part.LINK, "sms.link.authenticate", _SMS, Known.asks_a_confirmation, ("link",)),
)
"""Every sentence that a customer may read."""


def wording(facts: MessageFacts, at: AtSending, channel: Channel) -> Wording:
    """What one message says. Raises Untrue when it would leave out what it has to say."""
    known = Known(facts=facts.with_due(at.due), at=at)
    aspects = {name: of(known) for name, (_, of) in ASPECTS.items()} | {"stage": known.stage(), "tone": known.tone()}
    values = known.values()
    said = []
    for row in _rows(channel, known.stage()):
        if row.when(known):
            said.append(_sentence(row, aspects, values))
        elif row.or_refuse:
            raise Untrue(row.or_refuse)
    order = _order(channel, known)
    return Wording(sentences=tuple(sorted(said, key=lambda sentence: order.index(sentence.part))))


@cache
def _rows(channel: Channel, stage: Stage) -> tuple[Row, ...]:
    return tuple(row for row in ROWS if channel in row.channels and stage in row.stages)


def _order(channel: Channel, known: Known) -> list[Part]:
    order = [*Part]
    if known.insists() and channel not in TEXTS:
        # The consequence first, and then what to do about it. A text message ends with what must not be missed.
        order.remove(Part.TODO)
        order.insert(order.index(Part.END) + 1, Part.TODO)
    return order


def _sentence(row: Row, aspects: dict[str, str], values: dict[str, Value | None]) -> Sentence:
    return Sentence(
        part=row.part,
        key=row.key.format_map(aspects),
        values={name: value for name in (*ALWAYS, *row.values) if (value := values[name]) is not None},
        labels=values[row.labels] if row.labels else None,
        may=row.may,
    )


def _keys(row: Row) -> Iterator[str]:
    """All keys that a row may have."""
    words: dict[str, tuple[str, ...]] = {name: every for name, (every, _) in ASPECTS.items()}
    words |= {"stage": row.stages, "tone": tuple(tone for tone in Tone if tone.stage in row.stages)}
    names = [name for _, name, _, _ in Formatter().parse(row.key) if name]
    for chosen in product(*(words[name] for name in names)):
        yield row.key.format_map(dict(zip(names, chosen, strict=True)))


KEYS: dict[str, frozenset[str]] = {key: frozenset((*ALWAYS, *row.values)) for row in ROWS for key in _keys(row)}
"""Every key that a language needs words for, and what these may name."""
