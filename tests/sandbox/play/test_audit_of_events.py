"""The audit of events out finds what was lost, told twice or out of order, beside the stand-ins' journal."""

from typing import Any

from sandbox.providers.journal import Json
from sandbox.providers.merchant import Told
from tests.sandbox.play.journals import (
    FINALIZED,
    INVOICE,
    MORNING,
    PAID,
    Happened,
    charge,
    contact,
    counts,
    email,
    tried,
)

HAPPENED: list[Happened] = [FINALIZED, charge("failed"), email(), charge("succeeded", 2, "ch_2"), PAID]
EFFECTS = [tried(1, MORNING), contact(), tried(2, MORNING)]


def an_event(type_: str, **data: Any) -> Json:
    case = {"invoice": INVOICE, "customer": "cus_1"}
    return {"type": type_, "timestamp": "2030-04-04T03:05:00Z", "data": {"case": case, **data}}


OPENED, CLOSED = an_event("case.opened"), an_event("case.closed", outcome="recovered")
RECOVERED = an_event("case.recovered", late=False)
DECLINED, SUCCEEDED = an_event("charge.declined", attempt=1), an_event("charge.succeeded", attempt=2)
SENT = an_event("contact.sent", source="d03-remind-email-friendly", channel="email", certain=True)
DELIVERED = an_event("contact.delivered", source="d03-remind-email-friendly", channel="email")
ALL = [OPENED, DECLINED, SENT, DELIVERED, SUCCEEDED, RECOVERED, CLOSED]


def found(
    *events: Json, happened: list[Happened] = HAPPENED, again: int = 0, before: tuple[str, ...] = ()
) -> dict[str, int]:
    """The counts when the endpoint got these; of the first `again` each came once more. `before`: earlier ends."""
    told = [Told(f"msg_{number}", event) for number, event in enumerate(events)]
    return counts(happened, EFFECTS, "recovered", told=told + told[:again], before=before)


def without(event: Json) -> list[Json]:
    return [one for one in ALL if one is not event]


def test_whoever_is_told_everything_in_order_has_nothing_to_complain_of() -> None:
    assert {} == found(*ALL)


def test_a_delivery_that_is_repeated_is_the_same_event() -> None:
    assert {} == found(*ALL, again=3)


def test_every_kind_of_event_that_is_lost_is_missed() -> None:
    for lost in (OPENED, DECLINED, SENT, SUCCEEDED, RECOVERED, CLOSED):
        assert {"events_lost": 1} == found(*without(lost)), lost["type"]


def service(kind: str, step: str, level: str | None = None) -> Happened:
    key = f"dun:{INVOICE}:{step}:1:{level or 'full'}"
    return "merchant", f"service.{kind}", key, {"level": level} if level else {}


RESTRICTED, RESTORED = service("restricted", "d10-restrict", "blocked"), service("restored", "end-restore")
TOLD_RESTRICTED = an_event("service.restricted", source="d10-restrict", level="blocked", in_force="blocked")
TOLD_RESTORED = an_event("service.restored", source="end-restore", in_force="full")
ANNOUNCED = email("d05-remind-email-firm")  # of the restriction, in good time
TOLD_ANNOUNCED = an_event("contact.sent", source="d05-remind-email-firm", channel="email", certain=True)


def test_what_the_merchant_and_the_agency_saw_has_to_be_told() -> None:
    accepted: Happened = ("agency", "handoff.accepted", f"dun:{INVOICE}:d28-escalate", {})

    lost = found(*ALL[:-1], TOLD_ANNOUNCED, CLOSED, happened=[*HAPPENED, ANNOUNCED, RESTRICTED, accepted])

    assert 2 == lost["events_lost"]


def test_a_restriction_and_its_end_are_told_each_for_itself() -> None:
    """What one step does is not told by the other's event, and what is in force is told as the application has it."""
    happened = [*HAPPENED, ANNOUNCED, RESTRICTED, RESTORED]

    def lost(*events: Json) -> int:
        return found(*ALL[:-1], TOLD_ANNOUNCED, *events, CLOSED, happened=happened).get("events_lost", 0)

    otherwise = {**TOLD_RESTORED, "data": {**TOLD_RESTORED["data"], "in_force": "blocked"}}

    assert 0 == lost(TOLD_RESTRICTED, TOLD_RESTORED)
    assert 1 == lost(TOLD_RESTRICTED)
    assert 1 == lost(TOLD_RESTRICTED, TOLD_RESTRICTED)
    assert 1 == lost(TOLD_RESTORED)
    assert 1 == lost(TOLD_RESTRICTED, otherwise)


def test_every_end_of_a_case_that_was_taken_up_again_is_told_in_its_order() -> None:
    given_up = an_event("case.closed", outcome="written_off")

    def of(*ends: Json) -> dict[str, int]:
        return found(*ALL[:-1], *ends, before=("written_off",))

    assert {} == of(given_up, CLOSED)
    assert {"events_lost": 1} == of(CLOSED)
    assert {"events_lost": 1} == of(given_up)
    assert {"events_out_of_order": 1} == of(CLOSED, given_up)
    assert {"events_twice": 1} == of(given_up, CLOSED, CLOSED)


def test_one_thing_under_two_ids_was_told_twice() -> None:
    for twice in (OPENED, DECLINED, SENT, RECOVERED, CLOSED):
        assert 1 == found(*ALL[:1], *ALL[1:-1], twice, CLOSED)["events_twice"], twice["type"]


def test_what_became_of_a_debit_may_be_told_when_the_case_is_over() -> None:
    """The customer paid in another way, and the bank's answer came behind it."""
    begun = an_event("charge.processing", attempt=2)

    assert {} == found(OPENED, DECLINED, SENT, DELIVERED, begun, RECOVERED, CLOSED, SUCCEEDED)


def test_events_of_a_case_come_in_its_order() -> None:
    assert {"events_out_of_order": 1} == found(DECLINED, OPENED, SENT, DELIVERED, SUCCEEDED, RECOVERED, CLOSED)
    assert {"events_out_of_order": 1} == found(OPENED, DECLINED, SENT, DELIVERED, SUCCEEDED, CLOSED, RECOVERED)
    assert {"events_out_of_order": 1} == found(OPENED, DECLINED, DELIVERED, SENT, SUCCEEDED, RECOVERED, CLOSED)
    assert {"events_out_of_order": 1} == found(OPENED, SUCCEEDED, DECLINED, SENT, DELIVERED, RECOVERED, CLOSED)
    assert {"events_out_of_order": 1} == found(OPENED, DECLINED, SENT, RECOVERED, CLOSED, SUCCEEDED)
