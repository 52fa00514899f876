"""What is left out: the steps whose time has come and that will not be done, each with the reason why.

As the planner, it knows a step only by the traits that every kind declares (`domain/steps.py`).
"""

from collections.abc import Iterator

from domain.decisions import Act, Skip
from domain.gates import Refuse
from domain.policy import CatchUp
from domain.rules.invoice import Aim
from domain.situation import Situation
from domain.steps import Channel, Step
from domain.truth import was_told


def skips_of(now: Situation) -> tuple[Skip, ...]:
    """The steps whose time has come and that will not be done."""
    skips, due = [], now.due
    if len(now.possible_now) < len(now.near):
        answers = [(step, now.ask(step)) for step in due]
        skips = [Skip(step=step, why=no.why, rule=no.rule) for step, no in answers if isinstance(no, Refuse)]
        due = [step for step, answer in answers if not isinstance(answer, Refuse)]
    dropped: dict[str, Skip] = {}
    if len(due) > 1 and now.policy.catch_up is not CatchUp.ALL:
        dropped = {skip.step.key: skip for skip in (*_falling_together(due), *_overtaken(now, due))}
    if now.policy.catch_up is CatchUp.NONE:
        late = [step for step in due if step.may_be_left_out and not _was_there(now, step) and _missed(now, step)]
        dropped |= {s.key: Skip(step=s, why="missed while the system was down; catch_up is none") for s in late}
    skips += dropped.values()
    for step in due:
        # Most kinds are said by no other.
        if type(step).said_by is Step.said_by or step.key in dropped:
            continue
        if why := step.said_by(_others(now, dropped), now):
            skips.append(Skip(step=step, why=why))
    return tuple(skips)


def untold(now: Situation, act: Act) -> tuple[Skip, ...]:
    """The restrictions of what is to be done now that would be the first that the customer sees of it: no message
    certainly went out before."""
    for effect in act.effects:
        if effect.step.may_limit:
            break
    else:
        return ()
    if was_told(now.case):
        return ()
    limits = [effect.step for effect in act.effects if effect.step.aim is Aim.LIMIT]
    why = "nobody is restricted who was told nothing: no message certainly went out before"
    return tuple(Skip(step=step, why=why, rule="access-untold") for step in limits)


def _others(now: Situation, dropped: dict[str, Skip]) -> Iterator[Step]:
    """What is left of all steps: asked for one after the other, and most kinds ask for none."""
    yield from (step for step in now.steps if step.key not in dropped)


def _falling_together(due: list[Step]) -> Iterator[Skip]:
    """At most one at a time of a kind that wants it so."""
    alone = [step for step in due if step.one_at_a_time]
    for kind in {step.name: None for step in alone} if len(alone) > 1 else ():
        steps = [step for step in alone if step.name == kind]
        kept = max(steps, key=lambda step: step.weight)
        yield from (Skip(step=s, why=f"falls together with the {kept.title}") for s in steps if s is not kept)


def _overtaken(now: Situation, due: list[Step]) -> Iterator[Skip]:
    """After an outage only the newest is still worth doing."""
    missed = [step for step in due if _missed(now, step) and step.newest_only]
    if not missed:
        return
    steps = [step for step in due if step.newest_only]
    newest = max(steps, key=lambda step: step.weight).day
    for step in steps:
        if step.day != newest:
            yield Skip(step=step, why=step.overtaken(newest))


def _was_there(now: Situation, step: Step) -> bool:
    """Whether the provider of the step, or of one that it waited for, was asked and did not answer: the system was
    there, and messages have named its day."""
    case = now.case
    tried = [known.step for known in case.unfinished.values() if known.tried]
    tried += [record.step for record in case.steps.values() if record.unsure]
    return any(other.key == step.key or step.waits_for(other, now.at, now) for other in tried)


def _missed(now: Situation, step: Step) -> bool:
    late_after, held_until = now.policy.late_after, now.case.held_until
    if now.at - step.due <= late_after:
        return False
    due = step.timely(now)
    if held_until and held_until > due:
        # A hold put it off, not an outage: it is due when the hold ends, or in the first allowed hours after it.
        due = max(step.opens(now, held_until), now.contact_from(step.day, held_until, Channel.EMAIL))
    return now.at - due > late_after
