"""Closing messages in the lives of the domain alone: what they say is held against what was certainly done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from domain.calendar import local
from domain.case import Case, Circumstances
from domain.closed import Closed
from domain.closing_messages import VALID, Occasion, closing_facts, over_at, wanted
from domain.decisions import Effect
from domain.gates import Postpone, Refuse, strictest
from domain.kinds.access import AccessStep
from domain.kinds.cancellation import CancelStep
from domain.policy import Policy
from domain.rules.invoice import Aim
from domain.rules.notices import ask_hours, notice_caps
from domain.rules.protection import ask_protected
from domain.steps import Access, Channel
from domain.tasks import Done
from domain.truth import Ending, MessageFacts
from domain.wording import Untrue, wording
from tests.domain.builders import sending
from tests.lives.lawful import Said

_MOST_TRIES = 50
_NOTHING_MORE = (Aim.CHARGE, Aim.SAY, Aim.LIMIT)
"""What is not done any more once the customer knows that an agency is in charge."""


@dataclass(frozen=True)
class Told:
    """One closing message that went out: its occasion came at `since`, and it was sent at `at`."""

    since: datetime
    at: datetime
    channel: Channel
    facts: MessageFacts
    case: Case


@dataclass
class Closings:
    """What was done to one customer, and what they were told of it at the end."""

    zone: str
    done: list[tuple[datetime, Effect]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def does(self, at: datetime, effect: Effect, result: object) -> None:
        """An effect was answered, with or without its having been made."""
        if isinstance(result, Done) and result.stopped is None:
            self.done.append((at, effect))

    def say(
        self,
        occasion: str,
        case: Case,
        policy: Policy,
        around: Callable[[datetime], Circumstances],
        at: datetime,
        said: list[Said],
    ) -> None:
        """Sends what there is to say once hours, law and caps let it, as `activities/closings.py` does."""
        # Nothing voids or credits the invoices of these lives: what is not paid is owed.
        found, since = wanted(case, policy, owed=True), over_at(case)
        if found is None or since is None or occasion.startswith(Occasion.PROTECTED):
            return
        closed, channel = found
        moment = at
        for _ in range(_MOST_TRIES):
            now = around(moment)
            here = now.whereabouts
            if here is None or channel in now.closed_channels or channel in case.closed_channels:
                return
            protected = ask_protected(now.protections, Aim.SAY, moment)
            hours = ask_hours(policy, now.law, channel, here.time_zones, now.holidays, moment)
            caps = notice_caps(policy, now.law, channel, here.time_zones, moment, since + VALID)
            answer = strictest((protected, hours, caps.lawfully(case.facts.invoice_id, said, moment)))
            if isinstance(answer, Refuse) or (isinstance(answer, Postpone) and answer.until > since + VALID):
                return
            if not isinstance(answer, Postpone):
                said.append(Said(moment, channel, case.facts.invoice_id, here, step=f"closing-{closed}"))
                self.told.append(Told(at, moment, channel, closing_facts(case, closed), case))
                return
            moment = answer.until

    def wrong(self, acts: list[tuple[datetime, Case, Effect]]) -> Iterator[str]:
        """What a closing message said and was not so, or did not stay so, one sentence each."""
        for told in self.told:
            for why in self._untrue(told):
                yield f"what is said at the end is true: {told.facts.closed} at {told.at}: {why}"
            more = [effect.step for at, _, effect in acts if at > told.since and effect.step.aim in _NOTHING_MORE]
            yield from (f"nothing is asked once the end was told: {step.key}, {told.facts.closed}" for step in more)

    def _untrue(self, told: Told) -> Iterator[str]:
        facts, case = told.facts, told.case
        try:
            wording(facts, sending(), told.channel)
        except Untrue as error:
            yield f"it {error}"
        if facts.closed is Closed.PAID and case.due.amount > 0:
            yield f"{case.due} is due still"
        if facts.settled_for and facts.settled_for.amount <= 0:
            yield "nothing came in"
        cancelled = [at for at, one in self._before(told) if isinstance(one.step, CancelStep)]
        if facts.closed is Closed.ENDED and facts.ends_on not in [local(at, self.zone).date() for at in cancelled]:
            yield f"the subscription was cancelled at {cancelled}, and it names {facts.ends_on}"
        handed = case.handoff is not None and not case.handoff.is_over
        owed = facts.closed in (Closed.ENDED, Closed.GIVEN_UP)
        if owed and (facts.ending is Ending.COLLECTIONS) is not (handed and case.closing is None):
            yield f"it names {facts.ending}, and the agency has {case.handoff}"
        levels = [one.step.access for _, one in self._before(told) if isinstance(one.step, AccessStep)]
        back = len(levels) > 1 and levels[-1] is Access.FULL
        if (facts.restored or facts.closed is Closed.ACCESS_BACK) and not back:
            yield f"the access went {levels}"

    def _before(self, told: Told) -> list[tuple[datetime, Effect]]:
        return [one for one in self.done if one[0] <= told.at]
