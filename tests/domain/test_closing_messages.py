"""When something is left to do towards the customer once a case is over, and what the policy wants said."""

from collections.abc import Callable
from typing import Any

import pytest

from domain import events, life
from domain.case import Case, Hold, HoldReason, Outcome
from domain.changes import close
from domain.closed import Closed, Closings
from domain.closing_messages import closing_facts, occasion_of, wanted
from domain.decisions import Close, Wait
from domain.gates import Stopped
from domain.invoice import InvoiceState
from domain.kinds.access import standing_access
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.orders import settle
from domain.policy import Policy
from domain.steps import Access, Channel
from domain.tasks import Task
from domain.truth import Ending
from gateways.policy_files import load_policy
from tests.domain.builders import POLICIES, a_case, at, live, paid, pays_on, rule, situation, usd

ALL = Closings(**dict.fromkeys((closed.value for closed in Closed), Channel.EMAIL))
STANDARD: Policy = load_policy(POLICIES / "standard.yaml")
WISHING = STANDARD.model_copy(update={"closing": ALL})
SILENT = STANDARD.model_copy(update={"closing": Closings()})


def lived(**told: Any) -> Case:
    """A case of the standard policy, so far as told, and what it had said by then."""
    return live(a_case(), **told).case


def says(case: Case, policy: Policy = WISHING) -> Closed | None:
    found = wanted(case, policy)
    return found[0] if found else None


def test_who_heard_nothing_is_told_nothing_unless_the_policy_wants_it() -> None:
    at_once = lived(answers=lambda *_: paid())
    unasked = WISHING.model_copy(update={"closing": ALL.model_copy(update={"unasked": True})})

    assert at_once.closing
    assert (None, Closed.PAID) == (says(at_once), says(at_once, unasked))


def test_a_payment_after_a_reminder_is_thanked_for() -> None:
    case = lived(answers=pays_on("d07-charge"))

    assert case.closing
    assert Closed.PAID is says(case)


def test_a_policy_without_closing_messages_says_nothing() -> None:
    case = lived(answers=pays_on("d07-charge"))

    assert says(case, STANDARD.model_copy(update={"closing": Closings()})) is None


def test_access_that_came_back_is_a_fact_of_the_thank_you() -> None:
    case = lived(answers=pays_on("d14-charge"))

    assert closing_facts(case, Closed.PAID).restored
    only_back = STANDARD.model_copy(update={"closing": Closings(access_back=Channel.EMAIL)})
    assert Closed.ACCESS_BACK is says(case, only_back)


def test_the_end_of_a_subscription_is_said_when_the_agency_gets_the_debt_and_once() -> None:
    with_agency = lived(until=at("05-02 12:00"))
    ended = lived()

    assert with_agency.handoff
    assert Closed.ENDED is says(with_agency)
    facts = closing_facts(with_agency, Closed.ENDED)
    assert (Ending.COLLECTIONS, "2030-04-29") == (facts.ending, str(facts.ends_on))
    assert ended.closing
    assert Closed.ENDED is not says(ended)


def test_access_comes_back_with_the_end_and_at_no_other_moment() -> None:
    """Neither a part payment, nor a dispute, nor what protects the person gives it back: then nothing says that it is
    back, and the case goes on."""
    when = at("04-12 12:00")
    case = lived(until=when)
    told = (
        ("payment_received", events.PaymentReceived(event_id="evt_1", amount=usd("40"), remaining=usd("60"))),
        ("dispute_opened", events.DisputeOpened(event_id="evt_2")),
    )
    for name, fact in told:
        case = life.hear(case, name, fact, when)
    held = case.but(holds=(*case.holds, Hold(reason=HoldReason.BANKRUPTCY, since=when, note="court file")))

    for each in (case, held):
        decision = rule(each, when).decided.decision
        assert isinstance(decision, Wait)
        assert Access.READ_ONLY is standing_access(each)
        assert says(each) is None


@pytest.mark.parametrize(("is_paid", "said"), [(True, Closed.SETTLED), (False, None)])
def test_a_settlement_is_confirmed_only_when_its_money_is_in(is_paid: bool, said: Closed | None) -> None:
    when = at("04-05 12:00")
    case = settle(lived(until=when), events.Settle(amount=usd("30"), paid=is_paid), when)

    assert said is says(case)
    assert (usd("30") if is_paid else None) == closing_facts(case, Closed.SETTLED).settled_for


VOIDED = events.InvoiceChanged(event_id="evt_void", state=InvoiceState.VOID)
CREDITED = events.PaymentReceived(event_id="evt_paid", amount=usd("0"), remaining=usd("0"), paid=usd("0"))
PART_PAID = CREDITED.model_copy(update={"amount": usd("40"), "paid": usd("40")})


@pytest.mark.parametrize(
    ("name", "fact", "said"),
    [
        ("invoice_changed", VOIDED, Closed.CANCELLED),
        ("payment_received", CREDITED, Closed.CANCELLED),
        ("payment_received", PART_PAID, Closed.PAID),  # the rest was credited
    ],
)
def test_who_was_asked_for_what_is_not_owed_any_more_is_told(name: str, fact: Any, said: Closed) -> None:
    when = at("04-05 12:00")
    case = life.hear(lived(until=when), name, fact, when)

    assert case.closing
    assert said is says(case)


def test_an_invoice_that_is_open_is_not_said_to_be_cancelled_with_its_case() -> None:
    """The dispute was decided for the customer, or the case ends with the subscription: Stripe still has it as owed."""
    when = at("04-05 12:00")
    case = close(lived(until=when), Outcome.CANCELLED, "the dispute was decided for the customer", when)

    assert wanted(case, WISHING, owed=True) is None


def test_the_occasion_is_named_once_and_stands_on_record() -> None:
    """Of an older history nothing is said, and a case that names one does not name it again."""
    when = at("05-02 12:00")
    case = lived(until=when)
    waits = Wait(why="with the agency", until=None)

    found = occasion_of(case.but(occasions=()), WISHING, waits)

    assert "handed_over" == found
    assert occasion_of(case.but(occasions=("handed_over",)), WISHING, waits) is None
    assert life.Decided(at=when, decision=waits).occasion is None


def test_a_protected_person_is_an_occasion_for_each_newest_notice() -> None:
    when = at("04-05 12:00")
    hold = Hold(reason=HoldReason.BANKRUPTCY, since=when, note="court file")
    case = lived(until=when).but(holds=(hold,))

    found = occasion_of(case, STANDARD, Wait(why="on hold", until=None))

    assert found == "protected:d03-remind-notice-friendly"
    assert occasion_of(case.but(occasions=(found,)), STANDARD, Wait(why="on hold", until=None)) is None


def test_an_end_with_a_notice_is_an_occasion_whatever_the_policy_says() -> None:
    when = at("04-05 12:00")
    case = close(lived(until=when), Outcome.WRITTEN_OFF, "by pat", when)

    assert "end" == occasion_of(case, SILENT, Close(outcome=Outcome.WRITTEN_OFF, why="by pat"))


SHOWN = "d03-remind-notice-friendly"


def lost(case: Case, step: MessageStep) -> Case:
    return step.lost(case)


def overtaken(case: Case, step: MessageStep) -> Case:
    """The try after the lost one found the invoice paid, and did not ask again."""
    paid_by_link = Stopped(why="the invoice is paid", rule="invoice-open")
    result = ContactOutcome(state=ContactState.STOPPED, stopped=paid_by_link)
    when = at("04-05 12:00")
    return step.book(case, Task(**step.common(situation(case, when), "day 3")), result, when)


@pytest.mark.parametrize("became", [lost, overtaken])
def test_a_notice_whose_answer_was_lost_is_withdrawn_with_the_end(became: Callable[[Case, MessageStep], Case]) -> None:
    """It may stand in the application, and nothing else would take it down."""
    when = at("04-05 12:00")
    case = lived(until=when)
    step = case.steps[SHOWN].step
    assert isinstance(step, MessageStep)
    never = case.but(steps={key: record for key, record in case.steps.items() if key != SHOWN})

    def named(case: Case) -> str | None:
        over = close(case, Outcome.RECOVERED, "paid by link", when)
        return occasion_of(over, SILENT, Close(outcome=Outcome.RECOVERED, why="paid by link"))

    assert named(never) is None
    assert named(became(never, step)) == "end"


def test_no_letter_says_how_a_case_ended() -> None:
    """It would come when it is old."""
    with pytest.raises(ValueError, match="Input should be"):
        Closings(paid=Channel.LETTER)
