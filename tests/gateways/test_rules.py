"""The shipped rule tables say what the networks say, and every postponement names its rule, its edition and its end."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from domain.case import ChargeOutcome
from domain.declines import DeclineClass
from domain.gates import Allow, Answer, Postpone, Refuse
from domain.money import Money
from domain.rules.uses import MethodUse, NetworkRules, NextCharge
from gateways.rules import load_decline_table, load_minimum_charges, load_network_rules
from gateways.yaml_files import FileError

RULES = Path(__file__).parents[2] / "policies" / "rules"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def uses(
    count: int,
    every: timedelta = HOUR,
    amount: Money | None = None,
    outcome: ChargeOutcome = ChargeOutcome.DECLINED,
    newest: datetime = NOW,
) -> list[MethodUse]:
    """So many charges, the newest one `every` before `newest`."""
    return [
        MethodUse(at=newest - every * number, amount=amount or usd(1999), outcome=outcome)
        for number in range(count, 0, -1)
    ]


@pytest.fixture(scope="module")
def rules() -> NetworkRules:
    return load_network_rules(RULES)


def ask(rules: NetworkRules, network: str | None, used: Sequence[MethodUse], at: datetime = NOW) -> Answer:
    """What they say to one more charge of 19.99 dollars."""
    return rules.ask(NextCharge(invoice_id="in_1", amount=usd(1999), at=at, network=network), used)


@pytest.mark.parametrize(
    ("network", "used", "rule"),
    [
        ("visa", uses(19), None),
        ("visa", uses(20), "visa-20-in-30-days@2026-04-18"),
        ("visa", uses(20, amount=usd(1)), None),
        ("visa", uses(20, amount=Money(amount=1999, currency="EUR")), None),
        ("visa", uses(20, every=35 * HOUR), "visa-20-in-30-days@2026-04-18"),
        ("visa", uses(20, every=36 * HOUR), "visa-20-in-30-days@2026-04-18"),  # to the second: the clocks may differ
        ("visa", uses(20, every=37 * HOUR), None),
        ("visa", [*uses(19), *uses(1, outcome=ChargeOutcome.PROCESSING)], "visa-20-in-30-days@2026-04-18"),
        ("visa", uses(40, outcome=ChargeOutcome.PAID), None),
        ("visa", uses(40, outcome=ChargeOutcome.NOT_OPEN), None),
        ("mastercard", uses(9), None),
        ("mastercard", uses(10), "mastercard-10-in-24-hours@2022-10-01"),
        ("mastercard", uses(10, amount=usd(1)), "mastercard-10-in-24-hours@2022-10-01"),
        ("mastercard", uses(34, every=12 * HOUR), None),
        ("mastercard", uses(35, every=12 * HOUR), "mastercard-35-in-30-days@2023-11-01"),
        ("mastercard", uses(35, every=12 * HOUR, amount=usd(1)), None),
        ("amex", uses(19), None),
        ("amex", uses(20), "other-20-in-30-days@2026-11-23"),
        ("discover", uses(20), "other-20-in-30-days@2026-11-23"),
        ("a-new-network", uses(20), "other-20-in-30-days@2026-11-23"),
        (None, uses(40), None),
    ],
)
def test_one_more_charge_is_postponed_at_the_ceiling(
    rules: NetworkRules, network: str | None, used: list[MethodUse], rule: str | None
) -> None:
    """Below it is free, at it is not; a bank debit has no card network's ceiling."""
    answer = ask(rules, network, used)

    assert rule == (answer.rule if isinstance(answer, Postpone) else None)


def test_an_approval_starts_visas_count_again(rules: NetworkRules) -> None:
    """Consecutive declines count: nineteen, an approval and one more are one."""
    approved = MethodUse(at=NOW - 30 * timedelta(minutes=1), amount=usd(1999), outcome=ChargeOutcome.PAID)
    other_amount = approved.model_copy(update={"amount": usd(5)})

    assert isinstance(ask(rules, "visa", [*uses(25), approved]), Allow)
    assert isinstance(ask(rules, "visa", [*uses(25), other_amount]), Postpone)


def answered(days_ago: int, final: bool = False, **fields: Any) -> MethodUse:
    """What became of one charge of the card, on another invoice."""
    given = {"outcome": ChargeOutcome.DECLINED, "final": final, "amount": usd(500), "invoice_id": "in_2"}
    return MethodUse(at=NOW - days_ago * DAY, **given | fields)


@pytest.mark.parametrize(
    ("used", "refused"),
    [
        ([answered(3, final=True)], True),
        ([answered(100, final=True)], True),
        ([answered(5), answered(3, final=True)], True),
        ([answered(3, final=True), answered(3)], True),
        ([answered(3, final=True), answered(1, outcome=ChargeOutcome.PROCESSING)], True),
        ([answered(3, final=True), answered(1)], False),
        ([answered(3, final=True), answered(1, outcome=ChargeOutcome.PAID)], False),
        ([answered(3, final=True, expiry="12/2031")], True),
        ([answered(3, final=True, expiry="11/2026")], False),
    ],
)
def test_r61_after_an_answer_for_good_a_card_is_charged_for_no_invoice(
    rules: NetworkRules, used: list[MethodUse], refused: bool
) -> None:
    """Until there is a newer answer, or the card has a new expiry."""
    charge = NextCharge(invoice_id="in_1", amount=usd(1999), at=NOW, network="visa", expiry="12/2031")

    assert refused == isinstance(rules.ask(charge, used), Refuse)


def test_a_postponement_ends_when_there_is_room_again(rules: NetworkRules) -> None:
    """At the moment it names the charge is allowed, a second earlier it is not."""
    used = uses(22)
    answer = ask(rules, "visa", used)

    assert isinstance(answer, Postpone)
    assert answer.until == used[2].at + 30 * DAY + timedelta(minutes=61)
    assert isinstance(ask(rules, "visa", used, answer.until), Allow)
    assert isinstance(ask(rules, "visa", used, answer.until - timedelta(seconds=1)), Postpone)
    assert answer.why == (
        "The card has had 22 of the 20 declined charges of the same amount that visa allows within 30 days."
    )


def test_the_longest_of_several_postponements_binds(rules: NetworkRules) -> None:
    """The 24 hours are over long before the 30 days are."""
    answer = ask(rules, "mastercard", uses(40))

    assert isinstance(answer, Postpone)
    assert "mastercard-35-in-30-days@2023-11-01" == answer.rule


def test_a_delayed_charge_counts_those_that_overtook_it(rules: NetworkRules) -> None:
    """They share a window with it, although they are later than its own time; those beyond the window do not."""
    near = uses(10, every=timedelta(minutes=1), newest=NOW + HOUR)
    far = uses(10, every=timedelta(minutes=1), newest=NOW + 2 * DAY)

    assert isinstance(ask(rules, "mastercard", near), Postpone)
    assert isinstance(ask(rules, "mastercard", far), Allow)


def test_every_group_of_decline_codes_names_its_source() -> None:
    """With its date and how sure it is."""
    table = load_decline_table(RULES)

    assert "Stripe, decline codes and their next steps, 2026-04-15, R1" in table.sources
    assert any(source.endswith("not verified") for source in table.sources)
    assert (DeclineClass.RETRY_LATER, 2) == (table.unknown.decline_class, table.unknown.max_tries)


ORIGIN = "{source: a, edition: 2026-11-23, conf: M, verified: false}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"groups:\n  - origin: {ORIGIN}\n    codes:\n      a: {{decline_class: nevr}}\n",
            "declines.yaml:6: groups[0].codes.a.decline_class: 'nevr' is not allowed; use retry_now, ",
        ),
        (
            f"groups:\n  - origin: {ORIGIN}\n    codes: {{a: {{decline_class: never, tries: 2}}}}\n",
            "declines.yaml:5: groups[0].codes.a.tries: unknown key; did you mean max_tries?",
        ),
        (
            (
                f"groups:\n  - origin: {ORIGIN}\n    codes: {{a: {{decline_class: never}}}}\n"
                f"  - origin: {ORIGIN}\n    codes: {{a: {{decline_class: never}}}}\n"
            ),
            "declines.yaml:3: groups: codes.a stands in two groups; keep one of them",
        ),
        ("groups:\n  - codes: {}\n", "declines.yaml:4: groups[0].origin: the key is missing"),
    ],
)
def test_a_broken_table_is_one_sentence_per_problem(tmp_path: Path, text: str, message: str) -> None:
    """With file, line and key."""
    (tmp_path / "declines.yaml").write_text(f"edition: 2026-11-23\nunknown: {{decline_class: retry_later}}\n{text}")

    with pytest.raises(FileError) as caught:
        load_decline_table(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize(
    ("amount", "currency", "rule"),
    [
        (49, "USD", "minimum-charge-usd@2026-11-26"),
        (50, "USD", None),
        (29, "GBP", "minimum-charge-gbp@2026-11-26"),
        (49, "JPY", "minimum-charge-jpy@2026-11-26"),
        (17_499, "HUF", "minimum-charge-huf@2026-11-26"),
        (1, "XPF", None),
    ],
)
def test_no_less_is_charged_than_the_currencys_minimum(amount: int, currency: str, rule: str | None) -> None:
    """R11: the minimum itself is charged, and a currency that the table does not know has none."""
    refusal = load_minimum_charges(RULES).ask(Money(amount=amount, currency=currency))

    assert rule == (refusal.rule if refusal else None)


@pytest.mark.parametrize(
    ("file", "right", "wrong", "expected"),
    [
        ("minimum-charges", "  USD:", "  UDS:", "least: 'UDS' is no currency such as USD or THB"),
        ("networks", "  visa:", "  vsia:", "networks.vsia: 'vsia' is no card brand or rail; use ach, "),
        ("rails", "  IN:", "  XX:", "cards_issued_in.XX: 'XX' is no country by ISO 3166-1"),
        ("declines", "      mastercard:", "      mastrcard:", "'mastrcard' is no card brand or rail"),
    ],
)
def test_a_row_for_what_there_is_not_is_refused(
    tmp_path: Path, file: str, right: str, wrong: str, expected: str
) -> None:
    """Else it would never be asked, and nobody would notice."""
    copytree(RULES, tmp_path, dirs_exist_ok=True)
    path = tmp_path / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")

    with pytest.raises(FileError, match=re.escape(expected)):
        _ = load_decline_table(tmp_path), load_minimum_charges(tmp_path), load_network_rules(tmp_path)
