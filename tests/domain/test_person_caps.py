"""A case whose customer hears of other invoices all the time: what waits, what is said elsewhere, and the end."""

from datetime import datetime, timedelta

from domain.case import Case, Outcome, StepState
from domain.decisions import Effect
from domain.gates import Postpone, Refuse
from domain.kinds.message import ContactOutcome, ContactState, ContactTask, MessageStep
from tests.domain.builders import PLAIN, Life, Result, a_case, at, effect_of, live

HOUR = timedelta(hours=1)


def crowded(_case: Case, effect: Effect, now: datetime) -> Result | None:
    """Other cases write twice a day, for ever."""
    return under_caps(effect, now, [now - hours * HOUR for hours in range(0, 160, 12)])


def under_caps(effect: Effect, now: datetime, times: list[datetime]) -> Result | None:
    task = effect.task
    if not isinstance(task, ContactTask) or task.caps is None:
        return None
    match task.caps.ask(task.channel, times, now):
        case Postpone() as later:
            return ContactOutcome(state=ContactState.POSTPONED, postponed=later)
        case Refuse() as refused:
            return ContactOutcome(state=ContactState.REFUSED, why=refused.why)
    return None


def test_the_end_waits_for_its_notice_and_the_notice_at_most_a_week() -> None:
    """The final notice of day 21 goes out on day 28, as the cap gives way; the end comes a week after it."""
    life = live(a_case(), answers=crowded)

    assert ["d03-remind-notice-friendly", "d21-remind-email-final", "d21-remind-sms-final"] == sent(life)
    assert Outcome.COLLECTIONS is life.outcome
    notice = life.case.steps["d21-remind-email-final"].at
    end = life.case.steps["d28-escalate"].at
    assert timedelta(days=7) <= end - notice < timedelta(days=9)
    assert end < life.case.facts.opened_at + timedelta(days=38)


def test_a_message_that_never_finds_room_is_left_out_after_a_week() -> None:
    """And what waits for it goes on: the restriction comes, once a message has gone out or was left out."""
    steps = live(a_case(), answers=crowded).case.steps

    assert StepState.REFUSED is steps["d05-remind-sms-reminder"].state
    assert "it is late for this one" in steps["d05-remind-sms-reminder"].note
    assert StepState.DONE is steps["d10-restrict-read_only"].state


def test_a_notice_that_was_held_up_for_days_waits_for_room_from_then_on() -> None:
    """It is ten days late when it asks for room for the first time: the others' messages are none the fewer for it."""
    life = live(a_case(), answers=crowded, down=(at("04-20 00:00"), at("05-02 09:00")))

    asked = [moment for moment, effect in life.acts if effect.step.key == "d21-remind-email-final"]
    assert at("05-02 00:00") < asked[0]
    assert timedelta(days=7) <= life.case.steps["d21-remind-email-final"].at - asked[0] < timedelta(days=9)
    assert Outcome.COLLECTIONS is life.outcome


def test_of_messages_that_were_put_off_to_one_moment_the_newest_is_sent() -> None:
    """Nobody gets the friendly mail of day 3 and the reminder of day 7 within a second."""
    full = [at("04-02 12:00")] * 7
    life = live(a_case(), answers=lambda _case, effect, now: under_caps(effect, now, full))

    assert StepState.SKIPPED is life.case.steps["d03-remind-email-friendly"].state
    assert "put off until the reminder e-mail on day 7 takes its place" == (
        life.case.steps["d03-remind-email-friendly"].note
    )
    assert "d07-remind-email-reminder" in sent(life)


def test_nothing_milder_follows_a_final_notice() -> None:
    """A notice of day 3 that a rule puts off beyond it is left out, and nothing waits for it any longer."""

    def held_up(_case: Case, effect: Effect, _now: datetime) -> Result | None:
        later = Postpone(until=at("04-25 00:00"), why="one a day", rule="caps@test")
        late = effect.step.key == "d03-remind-notice-friendly"
        return ContactOutcome(state=ContactState.POSTPONED, postponed=later) if late else None

    steps = live(a_case(), answers=held_up).case.steps

    notice, final = steps["d03-remind-notice-friendly"], steps["d21-remind-email-final"]
    assert StepState.SKIPPED is notice.state
    assert "the final notice of day 21 went out before it could be sent, and says more" == notice.note
    assert final.at <= steps["d10-restrict-read_only"].at < at("04-24 00:00")


def sent(life: Life) -> list[str]:
    """The messages that went out, in order."""
    records = life.case.steps.items()
    return sorted(key for key, record in records if isinstance(record.step, MessageStep) and record.note == "sent")


def test_the_standard_policy_stays_as_it_is_alone() -> None:
    """Seven messages to one person in a week are more than one case ever has to say."""
    assert (7, timedelta(0)) == (PLAIN.contacts.per_week, PLAIN.contacts.distance)
    times = [moment for moment, effect in live(a_case()).acts if isinstance(effect.step, MessageStep)]
    assert 7 > max(sum(first <= other < first + timedelta(days=7) for other in times) for first in times)


def test_what_another_invoices_message_said_is_done() -> None:
    """With a note that names it."""
    case = a_case()
    moment, effect = next(act for act in live(case).acts if isinstance(act[1].step, MessageStep))
    effect = effect_of(case, effect.step, moment)
    said = ContactOutcome(state=ContactState.SENT, said_with="in_2")

    assert "said with in_2" == effect.step.book(case, effect.task, said, moment).steps[effect.step.key].note
