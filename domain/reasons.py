"""One sentence for every decision, for operators: why this step, why now, why not earlier."""

from datetime import datetime

from domain.calendar import local
from domain.case import Case, StepState
from domain.declines import Reason
from domain.steps import CHANNEL_NAMES, AttemptKind, Channel, Stage, Step, StepKind
from domain.timeline import entry_of, moment


def cause(case: Case) -> str:
    """The standing decline in words."""
    if case.decline is None:
        return "no standing decline" if case.tried else "no charge was tried yet"
    return case.decline.code.replace("_", " ")


def why_blocked(case: Case, step: Step) -> str | None:
    """Why this step cannot be done as things stand, or None. Only a new fact can change it, never time."""
    retries = case.policy.retries
    if step.kind is StepKind.CHARGE and step.attempt_kind is not AttemptKind.NEW_METHOD:
        if case.awaits_customer:
            return f"no charge until the payment method changes or the customer authenticates ({cause(case)})"
        if step.attempt_kind is AttemptKind.TIMELINE and len(case.counting_attempts) >= retries.max_attempts:
            return f"all {retries.max_attempts} attempts of the policy are used"
    if step.kind is StepKind.CANCEL_SUBSCRIPTION and case.facts.subscription_id is None:
        return "the invoice belongs to no subscription"
    if step.kind is StepKind.REMIND and step.channel:
        if closed := case.closed_channels.get(step.channel):
            return f"no channel is left to this customer ({step.channel.value}: {closed})"
        if step.instead_of and (same := _same_day_message(case, step, step.channel)):
            return f"{step.instead_of.value} is closed and {same} says the same"
    return None


def why_act(case: Case, step: Step) -> str:
    """Why this step is done now."""
    retries = case.policy.retries
    match step.kind:
        case StepKind.CHARGE if step.attempt_kind is AttemptKind.NEW_METHOD:
            return "one try at once: the payment method changed or the customer authenticated"
        case StepKind.CHARGE if step.attempt_kind is AttemptKind.TECHNICAL:
            return f"quick retry {step.key[1:2]} of {len(retries.quick)}: {cause(case)}"
        case StepKind.CHARGE:
            number = len(case.counting_attempts) + 1
            return f"retry {number} of {retries.max_attempts}: {cause(case)}{_moved(case, step)}"
        case StepKind.REMIND if step.stage is Stage.ACTION:
            channel = CHANNEL_NAMES[step.channel or Channel.EMAIL]
            return f"{channel} at once: {cause(case)}, which only the customer can mend"
        case StepKind.REMIND:
            swapped = f", in place of {step.instead_of.value}" if step.instead_of else ""
            return f"{step.title} of the timeline{swapped}"
        case StepKind.RESTRICT:
            return f"{step.title} of the timeline, {case.due} still due"
        case StepKind.CANCEL_SUBSCRIPTION:
            return f"the announced end: {case.due} still due"
        case StepKind.HANDOFF:
            return f"the announced end: {case.due} goes to collections"
        case StepKind.WRITE_OFF:
            return f"the announced end: {case.due} is below the minimum for collections"
    return step.title


def why_wait(case: Case, step: Step, until: datetime) -> str:
    """Why nothing happens before `until`."""
    here = local(until, case.zone)
    said = f"{why_act(case, step)}, due {here:%a} {here.day} {here:%b %Y %H:%M} {case.zone}"
    if case.awaits_customer and step.kind is not StepKind.CHARGE:
        return f"{said}; no charge until the customer acts ({cause(case)})"
    return said


def _moved(case: Case, step: Step) -> str:
    entry = entry_of(case, step)
    if entry is None or step.due <= moment(case, entry):
        return ""
    if case.decline and case.decline.not_before and step.due == case.decline.not_before:
        return ", the network asked to wait"
    here = local(step.due, case.zone)
    payday = case.policy.retries.paydays.first_in(here.date(), here.date())
    if payday and case.decline and case.decline.reason is Reason.INSUFFICIENT_FUNDS:
        return f", likely payday {here:%a} {here.day} {here:%b}"
    return ", one try a day"


def _same_day_message(case: Case, step: Step, channel: Channel) -> str | None:
    entry = entry_of(case, step)
    for spec in entry.do if entry else ():
        if spec.kind == "remind" and spec.channel is channel:
            record = case.steps.get(f"d{step.day:02d}-{spec.name}")
            if record is None or record.state is StepState.DONE:
                return f"the {channel.value} of day {step.day}"
    return None
