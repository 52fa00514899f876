"""The policy's timeline as it applies to one case: every step still to be done, with the moment it falls due.

Nothing is stored: the moments follow from the case and its policy, so a part payment cannot move them and a
restart cannot lose them.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from domain.calendar import at_local, local
from domain.case import Case, ChargeOutcome, StepState
from domain.declines import RETRYABLE, DeclineClass, Reason
from domain.ids import spread
from domain.policy import Entry, StepSpec
from domain.steps import OURS, AttemptKind, Channel, Stage, Step, StepKind

_GRACE = timedelta(hours=1)
"""By how much a payday may be too early: two tries of the same hour differ by their jitter and by a slow answer."""


def pending(case: Case, now: datetime) -> list[Step]:
    """All steps not yet done, skipped or refused.

    Charges come first, then by day and by their order in the policy; the end of the case comes last.
    """
    steps = [*_method_try(case, now), *_quick_tries(case), *_action_request(case), *_of_policy(case, now)]
    return sorted(steps, key=lambda step: (step.kind is not StepKind.CHARGE, step.day, is_end(case, step)))


def step_key(entry: Entry, spec: StepSpec) -> str:
    """The key of a step of the policy: its day and its name. Unique by the policy's own validation."""
    return f"d{entry.day:02d}-{spec.name}"


def moment(case: Case, entry: Entry) -> datetime:
    """When an entry falls due, with this case's jitter (UTC)."""
    return _on(case, _date(case, entry), entry)


def ends_at(case: Case, now: datetime) -> datetime:
    """When the case ends unless it is paid: never sooner than the notice period after the final notice."""
    last = case.policy.timeline[-1]
    planned = moment(case, last)
    warned = case.final_notice_at or _warning_due(case, now)
    if warned is None:
        return planned
    earliest = local(warned, case.zone).date() + timedelta(days=case.policy.endgame.notice_days)
    return max(planned, _on(case, earliest, last))


def allowed_from(case: Case, step: Step, start: datetime) -> datetime:
    """The first moment from `start` on at which the customer may be contacted for this step."""
    return case.policy.contacts.hours.next_allowed(
        start, case.facts.time_zones, frozenset(case.facts.holidays), _jitter(case, f"d{step.day:02d}")
    )


def _of_policy(case: Case, now: datetime) -> Iterator[Step]:
    for entry in case.policy.timeline:
        messages_due = moment(case, entry)
        for spec in entry.do:
            key = step_key(entry, spec)
            if key in case.steps:
                if spec.kind == "remind" and case.steps[key].state is StepState.DONE:
                    messages_due = max(messages_due, case.steps[key].at)  # it may have waited for a working day
                continue
            step = _step(case, entry, spec, key, now)
            if step.kind is StepKind.REMIND:
                messages_due = max(messages_due, step.due)
            elif step.kind is StepKind.RESTRICT:
                # Access never changes before the message that says so.
                step = step.model_copy(update={"due": max(step.due, messages_due)})
            yield step


def _step(case: Case, entry: Entry, spec: StepSpec, key: str, now: datetime) -> Step:
    due = moment(case, entry)
    match spec.kind:
        case "charge":
            at = _charge_due(case, entry, now)
            return Step(key=key, kind=StepKind.CHARGE, due=at, day=entry.day, attempt_kind=AttemptKind.TIMELINE)
        case "remind":
            return _message(case, key, due, entry.day, spec.channel or Channel.EMAIL, spec.stage or Stage.REMINDER)
        case "restrict":
            return Step(key=key, kind=StepKind.RESTRICT, due=due, day=entry.day, access=spec.access)
        case "cancel_subscription":
            due = ends_at(case, now) if entry is case.policy.timeline[-1] else due
            return Step(key=key, kind=StepKind.CANCEL_SUBSCRIPTION, due=due, day=entry.day)
    return Step(key=key, kind=ending_kind(case), due=ends_at(case, now), day=entry.day)


def escalated(case: Case) -> bool:
    """Whether the timeline's last step was done."""
    return _end_key(case) in case.steps


def is_end(case: Case, step: Step) -> bool:
    """Whether this is the timeline's last step: handoff or write-off."""
    return step.key == _end_key(case)


def entry_of(case: Case, step: Step) -> Entry | None:
    """The policy's entry that a step comes from; None for steps that no entry names."""
    return next((e for e in case.policy.timeline if step.key.startswith(f"d{e.day:02d}-")), None)


def ending_kind(case: Case) -> StepKind:
    """Collections when the amount is worth it, else write-off."""
    collections = case.policy.endgame.collections
    handed_off = case.handoff_begun or (collections and collections.accepts(case.due))
    return StepKind.HANDOFF if handed_off else StepKind.WRITE_OFF


def _charge_due(case: Case, entry: Entry, now: datetime) -> datetime:
    due = moment(case, entry)
    decline = case.decline
    if decline and decline.reason is Reason.INSUFFICIENT_FUNDS and decline.decline_class in RETRYABLE:
        due = _payday(case, entry) or due
    if decline and decline.not_before:
        due = max(due, decline.not_before)
    # A try that is late is made today: today's tries count, not those of the day that it was meant for.
    while _counting_on(case, day := local(max(due, now), case.zone).date()) >= case.policy.retries.max_per_day:
        due = _on(case, day + timedelta(days=1), entry)
    return due


def _payday(case: Case, entry: Entry) -> datetime | None:
    """The next likely payday for this try, before its next neighbour on the timeline."""
    retries = case.policy.retries
    later = [e for e in case.policy.timeline if e.day > entry.day]
    neighbours = [e for e in later if any(s.kind == "charge" for s in e.do)] or later
    if not neighbours:
        return None
    last = _date(case, neighbours[0]) - timedelta(days=1)
    start = _date(case, entry)
    earliest = (case.declined_at or case.facts.opened_at) + retries.payday_min_wait - _GRACE
    while start <= last and _on(case, start, entry) < earliest:
        start += timedelta(days=1)
    slot = retries.paydays.first_in(start, last)
    return _on(case, slot, entry) if slot else None


def _method_try(case: Case, now: datetime) -> Iterator[Step]:
    """The one immediate try after the payment method changed."""
    if case.method > case.method_tried:
        key = f"m{case.method}-charge"
        kind = AttemptKind.NEW_METHOD
        yield Step(key=key, kind=StepKind.CHARGE, due=now, day=_day(case, now), attempt_kind=kind)


def _quick_tries(case: Case) -> Iterator[Step]:
    """The next quick try after a technical fault; each of them happens at most once per case."""
    if case.decline is None or case.decline_class is not DeclineClass.RETRY_NOW or case.quick_since is None:
        return
    for number, wait in enumerate(case.policy.retries.quick, start=1):
        key = f"q{number}-charge"
        if key not in case.steps:
            due = max(case.quick_since + wait, case.decline.not_before or case.quick_since)
            kind = AttemptKind.TECHNICAL
            yield Step(key=key, kind=StepKind.CHARGE, due=due, day=_day(case, due), attempt_kind=kind)
            return


def _action_request(case: Case) -> Iterator[Step]:
    """The e-mail that asks, at once, for what only the customer can do. One per standing decline."""
    if not case.awaits_customer or case.method > case.method_tried:
        return
    declines = sum(1 for a in case.attempts if a.kind in OURS and a.outcome is ChargeOutcome.DECLINED)
    key = f"ask-{declines}"
    if key in case.steps:
        return
    since = case.declined_at or case.facts.opened_at
    yield _message(case, key, since, _day(case, since), case.policy.contacts.action_request, Stage.ACTION)


def _message(case: Case, key: str, at: datetime, day: int, wanted: Channel, stage: Stage) -> Step:
    channel = _open_channel(case, wanted)
    step = Step(key=key, kind=StepKind.REMIND, due=at, day=day, channel=channel, stage=stage)
    swapped = wanted if channel is not wanted else None
    return step.model_copy(update={"due": allowed_from(case, step, at), "instead_of": swapped})


def _open_channel(case: Case, channel: Channel) -> Channel:
    """The channel itself, or the first open one along the fallbacks; a closed one is skipped by the planner."""
    tried = [channel]
    while tried[-1] in case.closed_channels:
        fallback = case.policy.contacts.fallback.get(tried[-1])
        if fallback is None or fallback in tried:
            return channel
        tried.append(fallback)
    return tried[-1]


def _end_key(case: Case) -> str:
    last = case.policy.timeline[-1]
    return next(step_key(last, spec) for spec in last.do if spec.kind == "escalate")


def _warning_due(case: Case, now: datetime) -> datetime | None:
    """When the final notice will go out, if one is still to come."""
    coming = [
        _message(case, step_key(entry, spec), moment(case, entry), entry.day, spec.channel, Stage.FINAL).due
        for entry in case.policy.timeline
        for spec in entry.do
        if spec.stage is Stage.FINAL and spec.channel and step_key(entry, spec) not in case.steps
    ]
    return max(now, min(coming)) if coming else None


def _counting_on(case: Case, day: date) -> int:
    return sum(1 for a in case.counting_attempts if local(a.at, case.zone).date() == day)


def _date(case: Case, entry: Entry) -> date:
    return case.opened_on + timedelta(days=entry.day + case.shift_days)


def _day(case: Case, at: datetime) -> int:
    return (local(at, case.zone).date() - case.opened_on).days


def _on(case: Case, day: date, entry: Entry) -> datetime:
    clock: time = entry.at or case.policy.time_of_day
    return at_local(day, clock, case.zone) + _jitter(case, f"d{entry.day:02d}")


def _jitter(case: Case, occasion: str) -> timedelta:
    limit = int(case.policy.jitter.total_seconds())
    return timedelta(seconds=spread(case.facts.invoice_id, occasion, limit))
