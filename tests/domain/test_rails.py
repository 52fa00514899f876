"""Rails (R15): how often a bank account is debited again, after which answers, and what its owner is told."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.case import ChargeOutcome, Limit
from domain.decisions import Act
from domain.declines import DeclineClass
from domain.gates import ALLOW, Answer, Postpone, Refuse
from domain.invoice import InvoiceNow, MethodRef, Rail
from domain.kinds.message import ContactTask
from domain.rules.uses import MethodUse, NextCharge, limit_of
from domain.steps import Stage
from gateways.rules import load_network_rules
from runtime.settings import ROOT
from tests.domain.builders import a_case, at, live, new_method, rule, usd

RULES = load_network_rules(ROOT / "policies" / "rules")
NOW = datetime(2030, 4, 30, 10, tzinfo=UTC)
DAY = timedelta(days=1)
ACH, INDIA = "ach-reinitiation@2026-11-26", "india-issued-card@2026-11-26"
USED_UP = Limit(answer=Refuse(why="no further debit by ACH after 3 of one invoice", rule=ACH), spent=True)
NEVER_AGAIN = Limit(answer=Refuse(why="no further debit by cards issued in India after 1 of one invoice", rule=INDIA))

RETURNED, PAID, PROCESSING = ChargeOutcome.DECLINED, ChargeOutcome.PAID, ChargeOutcome.PROCESSING


def a_debit(days_ago: float, code: str | None = "R01", invoice: str = "in_1", **fields: ChargeOutcome) -> MethodUse:
    outcome = fields.get("outcome", RETURNED)
    return MethodUse(at=NOW - days_ago * DAY, amount=usd("19.99"), outcome=outcome, invoice_id=invoice, code=code)


def asked(*uses: MethodUse, network: str = "ach", country: str | None = None) -> Answer:
    """What the shipped tables say to one more charge of the invoice in_1, now."""
    charge = NextCharge(invoice_id="in_1", amount=usd("19.99"), at=NOW, network=network, country=country)
    return RULES.ask(charge, sorted(uses, key=lambda use: use.at))


def test_every_rail_has_a_row_of_its_own() -> None:
    """Without one, nothing would bound it."""
    assert set(Rail) == set(RULES.rails.rails)


@pytest.mark.parametrize(
    ("network", "debits"),
    [("ach", 3), ("sepa", 3), ("bacs", 3), ("au_becs", 3), ("nz_becs", 2), ("pad", 2), ("upi", 1)],
)
def test_a_debit_that_came_back_for_want_of_funds_is_made_so_often_again(network: str, debits: int) -> None:
    """R15: the original, and one or two more; none of a mandate whose every debit is announced before."""
    for made in range(1, 5):
        answer = asked(*(a_debit(6.0 * n, "insufficient_funds") for n in range(1, made + 1)), network=network)
        if network == "upi":
            assert isinstance(answer, Refuse)
        else:
            assert (made >= debits) is isinstance(answer, Refuse)


@pytest.mark.parametrize("code", ["R02", "R03", "R04", "R05", "R07", "R08", "R10", "R11", "R16", "R20", "R29", "R31"])
def test_no_other_return_lets_an_ach_debit_follow(code: str) -> None:
    """R15: closed, unknown, blocked, stopped or not authorised."""
    answer = asked(a_debit(6, code))

    assert isinstance(answer, Refuse)
    assert (f"no further debit by ACH after the answer {code}", ACH) == (answer.why, answer.rule)


@pytest.mark.parametrize(
    ("network", "code"),
    [
        ("ach", "R77"),
        ("ach", None),
        ("ach", "generic_could_not_process"),
        ("sepa", "AC04"),
        ("sepa", "MS03"),
        ("bacs", "1"),
        ("bacs", "refer_to_customer"),
        ("au_becs", "account_closed"),
        ("pad", "debit_not_authorized"),
    ],
)
def test_an_answer_that_no_row_knows_lets_no_debit_follow(network: str, code: str | None) -> None:
    """R15: nobody knows what it forbids."""
    assert isinstance(asked(a_debit(6, code), network=network), Refuse)


def test_two_debits_of_one_account_lie_days_apart() -> None:
    """R15: later is put off, with the moment from which it is allowed."""
    answer = asked(a_debit(1))

    assert isinstance(answer, Postpone)
    assert (NOW + 2 * DAY, ACH) == (answer.until, answer.rule)
    assert ALLOW == asked(a_debit(3))


def test_after_its_period_no_debit_follows_the_first() -> None:
    """R15: 180 days by ACH."""
    assert ALLOW == asked(a_debit(179))
    assert isinstance(asked(a_debit(180)), Refuse)


def test_an_accounts_returns_count_over_all_its_invoices() -> None:
    """R15: until money comes from it; an invoice's own debits count on."""
    others = [a_debit(20 - n, invoice=f"in_{n}") for n in (7, 8, 9)]
    came_through = a_debit(8, None, "in_10", outcome=PAID)
    own = [a_debit(30), a_debit(25), a_debit(20)]

    assert isinstance(asked(*others), Refuse)
    assert ALLOW == asked(*others, came_through)
    assert isinstance(asked(*own, came_through), Refuse)


def test_a_closed_account_is_closed_for_all_invoices() -> None:
    """R15: what forbids one invoice's debit forbids the others'."""
    assert isinstance(asked(a_debit(20, "R02", "in_2")), Refuse)


def test_debits_on_their_way_keep_their_places_until_the_bank_answers() -> None:
    """They may come back or not: nothing is said to be over yet."""
    answer = asked(a_debit(9), *(a_debit(n, None, f"in_{n}", outcome=PROCESSING) for n in (5, 4)))

    assert isinstance(answer, Postpone)
    assert NOW + 9 * DAY == answer.until
    assert isinstance(asked(a_debit(19), *(a_debit(n, None, f"in_{n}", outcome=PROCESSING) for n in (15, 14))), Refuse)


def test_a_card_issued_in_india_is_never_tried_again() -> None:
    """R15: each debit of its mandate is announced before; a card that was not charged yet may be, once."""
    answer = asked(a_debit(20, "51"), network="visa", country="IN")

    assert isinstance(answer, Refuse)
    assert INDIA == answer.rule
    assert ALLOW == asked(network="visa", country="IN")
    assert ALLOW == asked(a_debit(20, "51"), network="visa", country="US")


@pytest.mark.parametrize(
    ("method", "spent"),
    [
        (MethodRef(id="pm_1", fingerprint="fp_1", network="ach"), True),
        (MethodRef(id="pm_1", fingerprint="fp_1", network="visa", country="IN"), False),
    ],
)
def test_only_a_bank_account_takes_another_method(method: MethodRef, spent: bool) -> None:
    """A card issued in India can still be used by its holder."""
    case = a_case()
    uses = [a_debit(12), a_debit(8), a_debit(4)]
    limit = limit_of(case.but(invoice=case.invoice.but(method=method)), NOW, RULES, lambda *_: uses)

    assert limit
    assert (True, spent) == (isinstance(limit.answer, Refuse), limit.spent)
    assert None is limit_of(case, NOW, RULES, lambda *_: uses)


def test_a_reading_that_names_only_the_method_takes_nothing_of_it_away() -> None:
    """Events show its id alone: the rail would be forgotten, and a try announced that is never made."""
    account = MethodRef(id="pm_1", fingerprint="fp_1", network="ach")
    known = InvoiceNow(method=account)

    assert account == known.known_with(InvoiceNow(method=MethodRef(id="pm_1"))).method
    assert MethodRef(id="pm_2") == known.known_with(InvoiceNow(method=MethodRef(id="pm_2"))).method


def test_who_has_no_debit_left_is_asked_at_once_to_pay_another_way() -> None:
    """R15: and no message ever announces a next try."""
    life = live(a_case("insufficient_funds", limit=USED_UP))

    said = [act.task.facts for _, act in life.acts if isinstance(act.task, ContactTask)]
    assert [] == life.charges
    assert Stage.ACTION is said[0].stage
    assert {(DeclineClass.NEW_METHOD, None)} == {(facts.action, facts.next_charge_on) for facts in said}


def test_a_card_from_india_is_asked_for_by_the_page_and_never_announced() -> None:
    """R15: its holder pays on the page, with this card or another one."""
    life = live(a_case("insufficient_funds", limit=NEVER_AGAIN))

    said = [act.task.facts for _, act in life.acts if isinstance(act.task, ContactTask)]
    assert [] == life.charges
    assert {(None, None)} == {(facts.action, facts.next_charge_on) for facts in said}


def test_a_charge_that_the_rail_refuses_gives_way_with_its_rule() -> None:
    """R15: the record says why, and by which edition."""
    ruling = rule(a_case("generic_decline", limit=USED_UP), at("04-02 20:00"))

    skipped = {(entry.step, entry.rule) for entry in ruling.entries if entry.what == "skipped"}
    assert ("d01-charge", ACH) in skipped


def test_a_charge_that_is_too_soon_for_the_rail_comes_later() -> None:
    """R15: put off with the rule, and announced for the day on which it is made."""
    until = at("04-06 12:00")
    life = live(a_case("generic_decline", limit=Limit(answer=Postpone(until=until, why="too soon", rule=ACH))))

    assert "04-06 12:00" <= life.charges[0]
    assert not [charge for charge in life.charges if charge < "04-06 12:00"]


def test_a_new_account_is_tried_whatever_the_old_one_had() -> None:
    """R15: which account it is, the charge itself finds out."""
    life = live(a_case("insufficient_funds", limit=USED_UP), told=[(at("04-05 12:00"), new_method("evt_1"))])

    assert ["04-05 12:00 m1-charge"] == life.charges


def test_a_debit_that_may_have_been_made_is_looked_up_in_spite_of_the_limit() -> None:
    """Its own place is among those that are counted."""
    moment = at("04-03 10:00")
    first = rule(a_case("insufficient_funds"), moment).decided.decision
    assert isinstance(first, Act)
    limited = a_case("insufficient_funds", limit=NEVER_AGAIN)

    again = rule(first.effects[0].step.lost(limited), moment).decided.decision

    assert isinstance(again, Act)
    assert first.effects[0].step == again.effects[0].step


def test_a_debit_that_is_paid_says_nothing_of_those_that_went_out_with_it() -> None:
    """Ten cases wake in one moment: the first debit is paid at once, and two more are with the bank."""
    others = [a_debit(6.0, invoice=f"in_{n}", outcome=PROCESSING) for n in (2, 3, 4)]

    assert isinstance(asked(a_debit(6.0, invoice="in_9", outcome=PAID), *others, network="sepa"), Postpone)
    assert ALLOW == asked(*others, a_debit(5.5, invoice="in_9", outcome=PAID), network="sepa")
