"""What a message has to name by the law of the place: asked of its words right before it goes out."""

from collections.abc import Collection, Iterable
from datetime import date

from domain.base import Message
from domain.gates import ALLOW, Answer, Refuse
from domain.rules.local_law import LocalLaw
from domain.steps import Channel

_NOT_OURS = frozenset({"deadline", "costs"})
"""No message warns without the date (domain/wording.py), and no cost is added to a debt that it would have to name."""


class LawfulWords(Message):
    """One row of the law, as it is for one message."""

    rule: str  # with its edition
    names: tuple[str, ...]  # sender, creditor, amount, contact, opt_out

    def ask(self, named: Collection[str]) -> Answer:
        missing = [name.replace("_", "-") for name in self.names if name not in named]
        if not missing:
            return ALLOW
        return Refuse(why=f"the law of the place wants the message to name {', '.join(missing)}", rule=self.rule)


def lawful_words(law: LocalLaw, channel: Channel, day: date, *, of_a_debt: bool = True) -> tuple[LawfulWords, ...]:
    """What a message on a channel has to name on a day. A notice stands in the merchant's own application, which says
    whose it is. of_a_debt: False where it says that nothing is owed, so that there is no amount to be named."""
    if channel is Channel.NOTICE:
        return ()
    left_out = _NOT_OURS if of_a_debt else _NOT_OURS | {"amount"}
    rows = [(row, row.words) for row in law.on(day) if row.words and row.is_about(channel)]
    asked = [(row.rule, tuple(name for name in words.name if name not in left_out)) for row, words in rows]
    return tuple(LawfulWords(rule=rule, names=names) for rule, names in asked if names)


def wanted(words: Iterable[LawfulWords]) -> frozenset[str]:
    """All that the rows want named."""
    return frozenset(name for one in words for name in one.names)
