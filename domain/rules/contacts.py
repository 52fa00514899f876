"""What several cases of one customer may say together: how many contacts, how far apart, and what is said already."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.base import Frozen, Message
from domain.gates import ALLOW, Answer, Postpone, Refuse, strictest
from domain.rules.lawful_caps import Counted, LawfulCap
from domain.rules.lawful_pauses import Heard, LawfulPause
from domain.steps import Access, Channel, Stage
from domain.truth import MessageFacts

WEEK = timedelta(days=7)
_TOGETHER = timedelta(hours=24)
_ON_ITS_WAY = timedelta(hours=1)
"""How long a message is waited for whose fate nobody knows; its case may have no use for it any more."""
_STRENGTH = {Stage.ACTION: 0, Stage.FRIENDLY: 0, Stage.REMINDER: 1, Stage.FIRM: 2, Stage.FINAL: 3}
COUNTED = tuple(channel for channel in Channel if channel is not Channel.NOTICE)
"""A notice waits in the merchant's application until somebody looks."""


class Said(Counted, Heard, Protocol):
    """One contact that was made, or is on its way, as the law asks of it."""


class ContactCaps(Message):
    """How often one person is contacted, over all unpaid invoices, by the policy of the case that asks."""

    per_week: int
    distance: timedelta  # between two contacts of different moments, on any channel
    policy: str  # "standard@1"
    patient_until: datetime | None = None  # how long one may wait for room; None: for ever
    insists: bool = False  # a final notice: it goes out then, where others are left out
    lawful: tuple[LawfulCap, ...] = ()  # what the law of the place says, whatever the policy does
    pauses: tuple[LawfulPause, ...] = ()  # and how long it keeps this one waiting for what was before

    def lawfully(self, invoice_id: str, uses: Sequence[Said], at: datetime) -> Answer:
        """Whether the law has room for one more contact about an invoice. Nothing goes out above it; what would have
        to wait for too long is left out, but for a final notice."""
        caps = (cap.ask(invoice_id, uses, at) for cap in self.lawful)
        answer = strictest((*caps, *(pause.ask(uses, at) for pause in self.pauses)))
        late = self.patient_until and isinstance(answer, Postpone) and answer.until > self.patient_until
        if late and not self.insists and isinstance(answer, Postpone):
            return Refuse(why=f"{answer.why}, and then it is late for this one", rule=answer.rule)
        return answer

    @property
    def window(self) -> timedelta:
        """How far from a contact the others are that count."""
        return max([WEEK, *(cap.window for cap in self.lawful), *(pause.window for pause in self.pauses)])

    def ask(self, channel: Channel, times: Sequence[datetime], at: datetime) -> Answer:
        """Whether one more contact may be made at `at`; `times` are those of the customer's others, in any order."""
        if channel not in COUNTED or self._has_room(times, at):
            return ALLOW
        rule = f"contacts@{self.policy}"
        ends = sorted(time + pause for time in times for pause in (WEEK, self.distance))
        until = next(end for end in ends if end > at and self._has_room(times, end))
        within = f"{self.per_week} in a week"
        if self.distance:
            within = f"{within}, {self.distance} apart"
        why = f"the customer was contacted as often as the policy allows ({within})"
        if self.patient_until is None or at < self.patient_until:
            return Postpone(until=min(until, self.patient_until or until), why=why, rule=rule)
        return ALLOW if self.insists else Refuse(why=f"{why}, and it is late for this one", rule=rule)

    def _has_room(self, times: Iterable[datetime], at: datetime) -> bool:
        # Also those of a later moment: another case may have overtaken one that was retried for a while.
        near = [time for time in times if time > at - WEEK]
        return len(near) < self.per_week and all(time + self.distance <= at for time in near)


class ContactUse(Frozen):
    """One contact of the customer that was made, or is on its way."""

    invoice_id: str
    channel: Channel
    at: datetime
    sending: bool = False  # nobody knows yet whether it goes out
    unsure: bool = False  # nobody will ever know
    said: MessageFacts | None = None
    names: tuple[str, ...] = ()  # the other invoices that it named
    conversation: bool = False  # a call that somebody answered


class SaidWith(Message):
    """Another invoice's message has said it, or is about to."""

    invoice_id: str
    sending: bool = False


class ContactRules(Frozen):
    """What is asked before a message of one invoice is sent: what the customer has heard of the others counts."""

    invoice_id: str
    channel: Channel
    facts: MessageFacts
    caps: ContactCaps | None = None
    before: tuple[Channel, ...] = ()  # of the same decision: their turn comes first, made already or not

    def ask(self, uses: Sequence[ContactUse], at: datetime) -> Answer | SaidWith:
        """Whether it may go at `at`, is said already, or has to wait."""
        covering = [use for use in uses if self._is_said_by(use, at)]
        if covering:
            best = min(covering, key=lambda use: use.sending)
            return SaidWith(invoice_id=best.invoice_id, sending=best.sending)
        closings = [use.at + _TOGETHER for use in uses if use.said and use.said.closed]
        if self.facts.closed and (until := max([at, *closings])) > at:
            why = "the customer was told of another end within a day"
            return Postpone(until=until, why=why, rule="closing-one-a-day")
        if self.caps is None:
            return ALLOW
        made = {use.channel for use in uses if use.invoice_id == self.invoice_id and use.at == at}
        first = [channel for channel in self.before if channel not in made]
        uses = [*uses, *(ContactUse(invoice_id=self.invoice_id, channel=channel, at=at) for channel in first)]
        times = [use.at for use in uses if use.channel in COUNTED]
        return strictest((self.caps.lawfully(self.invoice_id, uses, at), self.caps.ask(self.channel, times, at)))

    @property
    def window(self) -> timedelta:
        """How far from a contact the others are that it is asked by."""
        return self.caps.window if self.caps else WEEK

    def _is_said_by(self, use: ContactUse, at: datetime) -> bool:
        window = _ON_ITS_WAY if use.sending else _TOGETHER
        if use.channel is not self.channel or self.invoice_id not in use.names or abs(use.at - at) >= window:
            return False
        if use.said is None:
            return False
        ends = not use.unsure and self.invoice_id in use.said.also_final
        return covers(use.said, self.facts, ends=ends)


def covers(said: MessageFacts, wanted: MessageFacts, *, ends: bool = False) -> bool:
    """Whether who has read one message, which names the other's invoice as well, knows what the other would say.

    A final notice names the date and the consequence of its own invoice: it is left out only where another one says
    that it is the same for both (`ends`).
    """
    if Stage.CLOSING in (said.stage, wanted.stage):
        return said.closes_as(wanted)
    if wanted.stage is Stage.FINAL and not (ends and said.ends_with(wanted)):
        return False
    if _STRENGTH[said.stage] < _STRENGTH[wanted.stage]:
        return False
    if wanted.action not in (None, said.action):
        return False
    if wanted.restricts_on is None or wanted.access is not Access.FULL or said.access is not Access.FULL:
        return True
    return said.restricts_on is not None and said.restricts_on <= wanted.restricts_on
