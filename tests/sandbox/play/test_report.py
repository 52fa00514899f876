"""The demo's report on a terminal: whatever its width, nothing that counts is cut."""

import io

import pytest
from rich.console import Console

from sandbox.play.audit import PROMISES
from sandbox.play.renewing import RenewalReport
from sandbox.play.report import CallTotal, CaseReport, LawTotal, Report, RuleTotal, Totals, show

LONGEST = CaseReport(
    invoice_id="in_1",
    customer="somchai",
    story="opens the second e-mail, finds the old card in a drawer, and pays by the link of the final notice",
    country="TH",
    amount=1_234_567,
    currency="THB",
    policy="standard@1",
    decline_code="invoice_payment_intent_requires_action",
    decline_class="authenticate",
    attempts=13,
    contacts={"email": 21, "sms": 11, "notice": 14},
    closing={"line": ("given_up",)},
    wakeups=19,
    effects=27,
    history_events=183,
    outcome="written_off",
    closed_on_day=28,
    recovered=0,
    expected_outcome="written_off",
    differences=(),
    ok=True,
)

RENEWAL = RenewalReport(customer="nell", story="her card expires", country="US", said=(("sms", 6),), differences=())
WHY = "messages are allowed between 9:00 and 20:00 where the customer lives"


def shown(width: int, promise: str | None = None) -> str:
    """With a promise that was broken once, or with none."""
    counts = dict.fromkeys(PROMISES, 0) | ({promise: 1} if promise else {})
    totals = Totals(cases=1, outcomes={"written_off": 1}, money={}, by_decline_class={})
    rules = {"us-ri-solicitation-hours@2025-11-01": 12, "th-once-a-day@2019-11-21": 3}
    law = {"TH": LawTotal(contacts=46, out_of_hours=0, above_caps=1, postponed=rules, refused=rules)}
    report = Report(
        ok=promise is None,
        seconds=1.0,
        cases=(LONGEST,),
        renewals=(RENEWAL,),
        totals=totals,
        audit=counts,
        law=law,
        rules={"hours@standard@1": RuleTotal(example=WHY, postponed=17, refused=9)},
        calls={"wrong number": CallTotal(by_people=3, automatic=2)},
        findings=(f"{promise}: dun:in_1:d04-call:phone: went wrong",) if promise else (),
        restarts={},
    )
    text = io.StringIO()
    show(report, Console(file=text, width=width))
    return text.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120, 159, 160, 200])
def test_every_case_can_be_read(width: int) -> None:
    """Customer, amount, attempts, contacts, outcome, day and history size."""
    line = next(line for line in shown(width).splitlines() if "somchai" in line)

    for whole in ("somchai TH", "12345.67 THB", " 13 ", "written_off", " 28 ", " 183"):
        assert whole in line
    for contacts in (" 21 ", " 11 ", " 14 ") if width >= 160 else (" 46 ",):
        assert contacts in line


def test_the_law_has_a_table_of_its_own() -> None:
    line = next(line for line in shown(160).splitlines() if " 46 " in line and "th-once" in line)

    assert 2 == line.count("th-once-a-day@2019-11-21 3")
    assert "TH, Thailand" in line


def test_what_each_rule_put_off_and_forbade_can_be_read() -> None:
    line = next(line for line in shown(160).splitlines() if "hours@standard@1" in line)

    assert WHY in line
    assert ["17", "9"] == [cell.strip() for cell in line.split("│")][3:5]


def test_calls_ends_and_renewals_can_be_read() -> None:
    lines = shown(160).splitlines()
    wanted = ("│ given up ", "her card expires", "│ wrong number ")
    [end], [before], [call] = ([line for line in lines if word in line] for word in wanted)

    assert ["wrong number", "3", "2"] == [cell.strip() for cell in call.split("│")][1:4]
    assert ["given up", "1"] == [cell.strip() for cell in end.split("│")][1:3]
    assert ["nell US", "her card expires", "sms", "6"] == [cell.strip() for cell in before.split("│")][1:5]


def test_the_last_line_is_the_verdict() -> None:
    [*_, kept] = shown(160).splitlines()
    [*_, broken] = shown(160, promise="double_charges").splitlines()

    assert f"All {len(PROMISES)} promises were kept, and all 2 customers end as the script says." == kept
    assert broken.startswith(f"1 of {len(PROMISES)} promises were broken, and 0 of 2 customers do not end as")


def test_a_key_is_shown_as_it_is() -> None:
    """`:phone:` is a picture to who draws such."""
    assert "dun:in_1:d04-call:phone: went wrong" in shown(160, promise="wrong_dials")


@pytest.mark.parametrize("width", [80, 120, 160])
def test_nothing_is_cut(width: int) -> None:
    """What does not fit goes on in the next line."""
    assert "…" not in shown(width)
