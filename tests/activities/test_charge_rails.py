"""Charges of bank accounts and of cards issued in India: what their rails forbid never reaches the provider (R15)."""

from datetime import timedelta
from itertools import count

import pytest

from activities.decisions import DecisionTask
from domain.case import ChargeOutcome
from domain.decisions import Act
from domain.declines import DeclineClass, classify
from domain.gates import Postpone
from domain.kinds.message import ContactTask
from domain.life import Decided
from domain.steps import AttemptKind
from runtime import wiring
from runtime.settings import Settings
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Decline, ach_return
from sandbox.providers.world import ProviderWorld
from service.opening import foreign_attempt
from tests.activities.builders import (
    AS_OF,
    BROKE,
    OpenCase,
    Worker,
    a_charge,
    a_decision,
    an_attempt_row,
    another_invoice,
    case_of,
    charges,
    open_case,
)

ACH, INDIA = "ach-reinitiation@2026-11-26", "india-issued-card@2026-11-26"
FOR_GOOD = "card-refused-for-good@2026-11-23"
DAY = timedelta(days=1)
DECLINES = wiring.decline_table(Settings())

_events = count(1)


def an_account(worker: Worker) -> OpenCase:
    """A case whose method is a bank account in the United States: each debit is on its way at first."""
    customer = worker.world.stripe.add_customer(country="US")
    account = worker.world.stripe.add_bank_debit(customer, behaviour=PROCESSING, kind="us_bank_account")
    return case_of(worker, customer, account, None, None)


def an_indian_card(worker: Worker) -> OpenCase:
    customer = worker.world.stripe.add_customer(country="IN")
    card = worker.world.stripe.add_card(customer, behaviour=BROKE, country="IN")
    return case_of(worker, customer, card, None, None)


def failed_at_the_provider(worker: Worker, case: OpenCase, answer: Decline | None, days_ago: int) -> None:
    """The provider's own try, as it is taken in: from what the provider shows of it. None: as the card answers."""
    worker.world.stripe.other_engine_tries(case.invoice_id)
    if answer:
        worker.world.stripe.finish_processing(case.invoice_id, answer)
    invoice = worker.payments.read_invoice(case.invoice_id, with_decline=True)
    assert invoice.last_decline
    moment = AS_OF - days_ago * DAY
    decline = classify(invoice.last_decline, DECLINES, at=moment)
    row = foreign_attempt(invoice, AttemptKind.OTHER_ENGINE, decline, moment)
    worker.ledger.record_foreign_attempt(row, f"evt_rails_{next(_events)}")


def decided(worker: Worker, case: OpenCase, later: timedelta = timedelta(0)) -> Decided:
    """The first decision, of a case that knows what its invoice would be charged on."""
    task = a_decision(worker, case, AS_OF + later)
    known = worker.payments.read_invoice(case.invoice_id).now
    return worker.decide(DecisionTask(case=task.case.but(invoice=task.case.invoice.known_with(known)), at=task.at))


def test_an_account_that_came_back_three_times_is_debited_no_more(world: ProviderWorld, worker: Worker) -> None:
    """R15: nothing is sent, and the answer names rule and edition."""
    case = an_account(worker)
    for days_ago in (15, 10, 5):
        failed_at_the_provider(worker, case, ach_return("R01"), days_ago)
    sent = len(charges(world, case))

    result = worker.charge(a_charge(case))

    assert (ChargeOutcome.REFUSED, f"no further debit by ACH after 3 that came back in a row ({ACH})") == (
        result.outcome,
        result.why,
    )
    assert sent == len(charges(world, case))


@pytest.mark.parametrize("code", ["R02", "R10", "R29"])
def test_after_a_return_that_forbids_it_nothing_is_sent(world: ProviderWorld, worker: Worker, code: str) -> None:
    """R15: not even the request that the provider would refuse."""
    case = an_account(worker)
    failed_at_the_provider(worker, case, ach_return(code), 5)
    sent = len(charges(world, case))

    assert ChargeOutcome.REFUSED is worker.charge(a_charge(case)).outcome
    assert sent == len(charges(world, case))


def test_a_debit_is_made_again_days_after_the_one_that_came_back(world: ProviderWorld, worker: Worker) -> None:
    """R15: put off first, then made."""
    case = an_account(worker)
    failed_at_the_provider(worker, case, ach_return("R01"), 1)

    early = worker.charge(a_charge(case))
    later = worker.charge(a_charge(case, as_of=AS_OF + 2 * DAY))

    assert (ChargeOutcome.POSTPONED, ChargeOutcome.PROCESSING) == (early.outcome, later.outcome)
    assert isinstance(early.postponed, Postpone)
    assert (AS_OF + 2 * DAY, ACH) == (early.postponed.until, early.postponed.rule)
    assert "processing" == charges(world, case)[-1][0]


def test_a_card_issued_in_india_is_not_tried_again(world: ProviderWorld, worker: Worker) -> None:
    """R15: the provider's own try was the only one."""
    case = an_indian_card(worker)
    failed_at_the_provider(worker, case, None, 1)
    sent = len(charges(world, case))

    result = worker.charge(a_charge(case))

    assert ChargeOutcome.REFUSED is result.outcome
    assert INDIA in result.why
    assert sent == len(charges(world, case))


def test_r55_a_card_that_was_reported_lost_was_charged_for_the_customers_other_invoice(
    world: ProviderWorld, worker: Worker
) -> None:
    """Each such charge costs a fee of the network's. The other case sends nothing, and names the rule."""
    one = open_case(worker, Decline("lost_card", network_decline_code="41"), fingerprint="fp_lost")
    two = another_invoice(worker, one)
    worker.charge(a_charge(one))

    result = worker.charge(a_charge(two))

    assert ChargeOutcome.REFUSED is result.outcome
    assert FOR_GOOD in result.why
    assert [] == charges(world, two)


def test_r55_its_owner_is_asked_at_once_for_another_one(worker: Worker) -> None:
    """Decided from the ledger, before the other case has tried anything. The bank's reason is not told."""
    one = open_case(worker, Decline("lost_card", network_decline_code="41"), fingerprint="fp_lost_as_well")
    two = another_invoice(worker, one)
    worker.charge(a_charge(one))

    decision = decided(worker, two, timedelta(hours=34)).decision

    assert isinstance(decision, Act)
    tasks = [effect.task for effect in decision.effects]
    assert tasks
    for task in tasks:
        assert isinstance(task, ContactTask)
        assert DeclineClass.NEW_METHOD is task.facts.action
        assert None is task.facts.next_charge_on


def test_r55_another_card_of_the_customer_is_charged(world: ProviderWorld, worker: Worker) -> None:
    """The answer binds the one card."""
    one = open_case(worker, Decline("lost_card", network_decline_code="41"), fingerprint="fp_lost_too")
    two = another_invoice(worker, one)
    worker.charge(a_charge(one))
    found = world.stripe.add_card(two.customer_id, fingerprint="fp_found", behaviour=APPROVE)
    world.stripe.set_default_card(found, customer=two.customer_id)

    assert ChargeOutcome.PAID is worker.charge(a_charge(two)).outcome


def test_the_owner_of_a_spent_account_is_asked_at_once_to_pay_another_way(worker: Worker) -> None:
    """R15: decided from the ledger, before anything is tried; no try is announced."""
    case = an_account(worker)
    for days_ago in (15, 10, 5):
        failed_at_the_provider(worker, case, ach_return("R01"), days_ago)

    decision = decided(worker, case, timedelta(hours=34)).decision

    assert isinstance(decision, Act)
    tasks = [effect.task for effect in decision.effects]
    assert tasks
    for task in tasks:
        assert isinstance(task, ContactTask)
        assert (DeclineClass.NEW_METHOD, None) == (task.facts.action, task.facts.next_charge_on)


def test_what_lies_ahead_of_a_spent_account_names_no_retry(worker: Worker) -> None:
    """R15: as operators read it."""
    free, spent = an_account(worker), an_account(worker)
    for days_ago in (15, 10, 5):
        failed_at_the_provider(worker, spent, ach_return("R01"), days_ago)

    assert [True, False] == [
        any("retry" in step.title for step in decided(worker, case).ahead) for case in (free, spent)
    ]


def test_a_card_at_its_ceiling_is_planned_for_when_there_is_room_again(worker: Worker) -> None:
    """Twenty declines on the card: no try is planned, nor announced, before some of them are 30 days old."""
    case, free = open_case(worker), open_case(worker)
    method = worker.payments.read_invoice(case.invoice_id).payment_method
    assert method
    for number in range(20):
        moment = AS_OF - timedelta(hours=number + 1)
        row = an_attempt_row(
            case, 0, fingerprint=method.fingerprint, outcome=ChargeOutcome.DECLINED, state="finished", as_of=moment
        )
        worker.ledger.record_foreign_attempt(row, f"evt_ceiling_{number}")

    room = AS_OF - timedelta(hours=20) + 30 * DAY
    assert [False, True] == [
        any("retry" in step.title and step.at < room for step in decided(worker, one).ahead) for one in (case, free)
    ]


def test_a_try_that_is_put_off_when_deciding_has_its_rule_on_record(worker: Worker) -> None:
    """R15: as one that is put off when acting."""
    case = an_account(worker)
    failed_at_the_provider(worker, case, ach_return("R01"), 0)

    decided(worker, case, timedelta(hours=34))

    [entry] = [entry for entry in worker.ledger.record(case.invoice_id) if entry.rule == ACH]
    assert ("d01-charge", "retry on day 1 is postponed to 2026-11-29 10:00") == (entry.step, entry.what)
