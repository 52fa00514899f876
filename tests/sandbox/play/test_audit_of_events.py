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
SENT = an_event("contact.sent", source="d03-remind-email-friendly", channel="email")
DELIVERED = an_event("contact.delivered", source="d03-remind-email-friendly", channel="email")
ALL = [OPENED, DECLINED, SENT, DELIVERED, SUCCEEDED, RECOVERED, CLOSED]


def found(*events: Json, happened: list[Happened] = HAPPENED, again: int = 0) -> dict[str, int]:
    """The counts when the endpoint got these; of the first `again` each came once more."""
    told = [Told(f"msg_{number}", event) for number, event in enumerate(events)]
    return counts(happened, EFFECTS, "recovered", told=told + told[:again])


def without(event: Json) -> list[Json]:
    return [one for one in ALL if one is not event]


def test_whoever_is_told_everything_in_order_has_nothing_to_complain_of() -> None:
    assert {} == found(*ALL)


def test_a_delivery_that_is_repeated_is_the_same_event() -> None:
    assert {} == found(*ALL, again=3)


def test_every_kind_of_event_that_is_lost_is_missed() -> None:
    for lost in (OPENED, DECLINED, SENT, SUCCEEDED, RECOVERED, CLOSED):
        assert {"events_lost": 1} == found(*without(lost)), lost["type"]


def test_what_the_merchant_and_the_agency_saw_has_to_be_told() -> None:
    restricted: Happened = ("merchant", "service.restricted", f"dun:{INVOICE}:d10-restrict:1:blocked", {})
    accepted: Happened = ("agency", "handoff.accepted", f"dun:{INVOICE}:d28-escalate", {})
    announced = email("d05-remind-email-firm")  # of the restriction, in good time
    told = an_event("contact.sent", source="d05-remind-email-firm", channel="email")

    lost = found(*ALL[:-1], told, CLOSED, happened=[*HAPPENED, announced, restricted, accepted])

    assert 2 == lost["events_lost"]


def test_one_thing_under_two_ids_was_told_twice() -> None:
    for twice in (OPENED, DECLINED, SENT, RECOVERED, CLOSED):
        assert 1 == found(*ALL[:1], *ALL[1:-1], twice, CLOSED)["events_twice"], twice["type"]


def test_events_of_a_case_come_in_its_order() -> None:
    assert {"events_out_of_order": 1} == found(DECLINED, OPENED, SENT, DELIVERED, SUCCEEDED, RECOVERED, CLOSED)
    assert {"events_out_of_order": 1} == found(OPENED, DECLINED, SENT, DELIVERED, SUCCEEDED, CLOSED, RECOVERED)
    assert {"events_out_of_order": 1} == found(OPENED, DECLINED, DELIVERED, SENT, SUCCEEDED, RECOVERED, CLOSED)
    assert {"events_out_of_order": 1} == found(OPENED, SUCCEEDED, DECLINED, SENT, DELIVERED, RECOVERED, CLOSED)
    assert {"events_out_of_order": 1} == found(OPENED, DECLINED, SENT, RECOVERED, CLOSED, SUCCEEDED)
