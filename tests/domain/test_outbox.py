"""What the merchant's systems are told: one event for what happens, made of facts, and without anybody's name."""

from datetime import datetime, timedelta
from typing import get_args

import pytest

from domain import changes, events, life
from domain.case import Case, ChargeOutcome, HoldReason
from domain.decisions import Act, Close
from domain.declines import Decline
from domain.event_shapes import PAYLOADS
from domain.outbox import CaseRef, Event, body, charged, delivery, event_of
from domain.outgoing import FACTS, TYPES, CaseClosed, Fact, StepSkipped
from domain.record import Entry, new_entry
from domain.steps import AttemptKind, Channel
from tests.domain.builders import a_case, a_decline, at, booked, disputed, payment, rule, usd, usual
from tests.told import valid

NOON = at("04-01 12:00")
REF = CaseRef(invoice="in_1", customer="cus_1", subscription=None, policy="standard@1")
REMARK = "Ada Lovelace called from +66812345678"


def told(entries: list[Entry]) -> list[Event]:
    return [valid(event) for entry in entries if (event := event_of(entry, usd("20")))]


def lived(case: Case, until: datetime | None = None) -> tuple[Case, list[Event]]:
    """What a life tells that ends, or comes to `until`; what is done is told by who does it."""
    now, entries = case.facts.opened_at, list[Entry]()
    while True:
        ruling = rule(case, now)
        entries += ruling.entries
        case, decision = ruling.case, ruling.decided.decision
        if isinstance(decision, Act):
            now += timedelta(seconds=1)
            for effect in decision.effects:
                case = booked(case, effect, usual(case, effect, now), now)
        elif isinstance(decision, Close) or decision.until is None or (until and decision.until > until):
            return case, told(entries)
        else:
            now = decision.until


def short(found: list[Event]) -> list[str]:
    return [f"{event.type} {event.data['source']}" for event in found]


def test_a_life_tells_what_is_left_out_and_how_it_ends() -> None:
    _, found = lived(a_case("expired_card"))

    assert {"step.skipped", "case.closed"} <= {event.type for event in found}
    assert "case.closed end" == short(found)[-1]
    assert "collections" == found[-1].data["outcome"]
    skipped = next(event for event in found if event.type == "step.skipped")
    assert {"kind", "why", "rule", "source", "remaining"} == set(skipped.data)
    assert "expired card" in skipped.data["why"]


def test_a_payment_in_parts_and_then_in_full() -> None:
    case = payment("evt_1", usd("5"), usd("15"))(a_case(), NOON)
    case = payment("evt_2", usd("15"), usd("0"))(case, NOON)

    found = short(told([*case.unwritten]))
    assert ["payment.received evt_1", "payment.received evt_2", "case.recovered evt_2"] == found


def test_a_case_stands_still_and_goes_on() -> None:
    case = disputed("dp_1")(a_case(), NOON)
    over = events.DisputeClosed(event_id="evt_2", outcome=events.DisputeOutcome.WON)
    case = life.hear(case, "dispute_closed", over, NOON)
    held, resumed = told([*case.unwritten])

    assert ("case.held", "dispute") == (held.type, held.data["reason"])
    assert "case.resumed" == resumed.type


def test_an_operator_is_needed_with_our_sentence() -> None:
    why = "the bank's answer points at the merchant's side"
    [event] = told([*changes.needs_operator(a_case(), why, NOON).unwritten])

    assert ("case.operator_needed", why) == (event.type, event.data["why"])


def test_two_holds_end_one_after_the_other_and_the_case_goes_on_once() -> None:
    case = disputed("dp_1")(a_case(), NOON)
    case = life.carry_out(case, "pause", events.Pause(by="ops"), NOON)
    case = life.carry_out(case, "resume", events.Resume(by="ops"), NOON)
    over = events.DisputeClosed(event_id="evt_2", outcome=events.DisputeOutcome.WON)
    case = life.hear(case, "dispute_closed", over, NOON)

    assert 1 == sum(event.type == "case.resumed" for event in told([*case.unwritten]))


@pytest.mark.parametrize("order", ["pause", "write_off", "settle"])
def test_nothing_of_what_an_operator_writes_is_told(order: str) -> None:
    """A remark may name anybody; who ordered it is a name as well."""
    who = {"by": "Grace Hopper", "note": REMARK}
    given = {
        "pause": events.Pause(**who),
        "write_off": events.WriteOff(**who),
        "settle": events.Settle(amount=usd("5"), **who),
    }[order]
    case = life.carry_out(a_case(), order, given, NOON)
    _, found = lived(case, NOON + timedelta(days=40))
    told_of = " ".join(body(event, REF) for event in [*told([*case.unwritten]), *found])

    assert found or order == "pause"
    assert not [secret for secret in ("Ada", "Lovelace", "668", "Grace", "Hopper") if secret in told_of]


def test_every_fact_is_a_type_of_its_own_with_a_sentence() -> None:
    assert len(FACTS) == len(TYPES) == len(PAYLOADS)
    assert all(fact.__doc__ and fact.__doc__ != Fact.__doc__ for fact in FACTS)
    assert all(get_args(fact.model_fields["type"].annotation)[0] == name for name, fact in TYPES.items())


@pytest.mark.parametrize("outcome", ChargeOutcome)
@pytest.mark.parametrize("decline", [None, a_decline()], ids=["plain", "declined"])
def test_a_charge_is_told_when_it_was_made(outcome: ChargeOutcome, decline: Decline | None) -> None:
    made = {ChargeOutcome.PAID, ChargeOutcome.DECLINED, ChargeOutcome.PROCESSING}
    event = charged(outcome, 1, AttemptKind.TIMELINE, usd("20"), decline)

    assert (outcome in made) == (event is not None)
    if event:
        assert told([Entry(at=NOON, step="d01-charge", what=outcome.value, why="", event=event)])


@pytest.mark.parametrize("result", events.ContactResult)
def test_whatever_a_provider_reports_about_a_message_is_told(result: events.ContactResult) -> None:
    event = delivery(result, Channel.EMAIL, "friendly")

    assert told([Entry(at=NOON, step="d03", what=result.words, why="", event=event)])


def test_words_that_the_case_knows_are_those_of_the_contract() -> None:
    for reason in HoldReason:
        entries = changes.hold(a_case(), changes.Hold(reason=reason, since=NOON, note=""), NOON).unwritten
        assert told([*entries])


def test_what_operators_see_does_not_carry_it_and_an_entry_without_it_is_as_it_was() -> None:
    case = disputed("dp_1")(a_case(), NOON)

    assert case.record[-1].event is None
    assert case.unwritten[-1].event is not None
    assert "event" not in new_entry(at=NOON, step="x", what="sent", why="").model_dump()
    assert case == Case.model_validate_json(case.model_dump_json())


def test_what_a_newer_release_tells_breaks_no_case_that_this_one_holds() -> None:
    entry = Entry(at=NOON, step="end", what="closed", why="", event=CaseClosed(outcome="recovered"))
    newer = entry.model_dump_json().replace("case.closed", "case.celebrated")

    assert Entry.model_validate_json(newer).event is None
    assert entry == Entry.model_validate_json(entry.model_dump_json())


def test_an_entry_that_says_nothing_outside_is_no_event() -> None:
    assert event_of(Entry(at=NOON, step="x", what="waits", why="")) is None
    skipped = Entry(at=NOON, step="x", what="skipped", why="late", event=StepSkipped(kind="charge"))
    assert event_of(skipped) == Event(
        type="step.skipped",
        at=NOON,
        data={"kind": "charge", "source": "x", "rule": None, "remaining": None, "why": "late"},
    )
