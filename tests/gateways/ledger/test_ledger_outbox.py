"""Events are kept with what they tell of, and once; each endpoint gets them in each case's order."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from domain.case import ChargeOutcome, Outcome
from domain.events import ContactResult
from domain.gates import Postpone
from domain.outgoing import (
    CaseClosed,
    CaseOpened,
    CaseRecovered,
    ChargeDeclined,
    Outgoing,
    ServiceRestored,
    StepPostponed,
    StepSkipped,
)
from domain.record import Entry
from domain.steps import Access, AttemptKind
from gateways.ledger.schema_doors import outbox
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.outbox import Endpoint
from gateways.ports.rows import Late
from gateways.ports.trouble import ProviderMisuse
from tests.gateways.ledger.builders import (
    DAY,
    NOW,
    a_case,
    a_contact,
    a_customer,
    a_projection,
    an_attempt,
    an_entry,
    at_most,
    open_case,
    race,
    reserve,
    usd,
)

SKIPPED = StepSkipped(kind="charge")
SECOND = timedelta(seconds=1)


def kept(ledger: SqlLedger) -> list[tuple[str, str, dict[str, Any]]]:
    """Type, invoice and data of all events."""
    query = sa.select(outbox.c.type, outbox.c.invoice_id, outbox.c.data).order_by(outbox.c.id)
    with ledger._database.reading() as connection:
        return [(row.type, row.invoice_id, row.data) for row in connection.execute(query)]


def types(ledger: SqlLedger) -> list[str]:
    return [kind for kind, _, _ in kept(ledger)]


def skipped(step: str = "try-1", at: datetime = NOW, event: Outgoing = SKIPPED) -> Entry:
    return an_entry("skipped", step=step, at=at, event=event)


def decided(ledger: SqlLedger, *entries: Entry, at: datetime = NOW, outcome: Outcome | None = None) -> None:
    ledger.decided("in_1", at, entries, a_projection(outcome), "{}")


def test_a_decision_that_is_written_again_is_told_once(ledger: SqlLedger) -> None:
    entries = [skipped("try-1"), an_entry("waits", step="try-2"), skipped("try-3")]
    for _ in range(3):
        decided(ledger, *entries)

    assert [("step.skipped", "try-1"), ("step.skipped", "try-3")] == [
        (kind, data["source"]) for kind, _, data in kept(ledger)
    ]
    assert {"amount": 1999, "currency": "USD"} == kept(ledger)[0][2]["remaining"]


def test_a_part_of_a_decision_that_was_known_is_not_told_again(ledger: SqlLedger) -> None:
    decided(ledger, skipped("try-1"))
    decided(ledger, skipped("try-1"), skipped("try-2"))

    assert ["try-1", "try-2"] == [data["source"] for _, _, data in kept(ledger)]


def test_whoever_writes_the_same_decision_at_once_tells_it_once(ledger: SqlLedger) -> None:
    race(lambda _: decided(ledger, skipped("try-1"), skipped("try-2")))

    assert 2 == len(kept(ledger))


def test_a_decision_that_is_refused_tells_nothing(ledger: SqlLedger) -> None:
    """The ledger and the outbox are one transaction."""
    decided(ledger, an_entry(event=CaseClosed(outcome="recovered")), outcome=Outcome.RECOVERED)
    with pytest.raises(ProviderMisuse):
        decided(ledger, skipped(at=NOW + DAY), at=NOW + DAY)

    assert ["case.closed"] == types(ledger)


def test_a_decision_that_is_older_than_the_one_that_stands_tells_nothing(ledger: SqlLedger) -> None:
    """A worker that was thought dead comes back: the record keeps what it says, and nobody is told that it is so."""
    decided(ledger, skipped("try-2", NOW + DAY), at=NOW + DAY)
    closed = an_entry("closed as written_off", event=CaseClosed(outcome="written_off"))
    decided(ledger, closed, outcome=Outcome.WRITTEN_OFF)

    assert ["step.skipped"] == types(ledger)
    assert "closed as written_off" in [entry.what for entry in ledger.record("in_1")]


def test_an_effect_is_told_once(ledger: SqlLedger) -> None:
    restored = an_entry("service full", event=ServiceRestored(in_force=Access.FULL))
    for _ in range(2):
        ledger.record_effect("in_1", restored)

    assert [("service.restored", "in_1")] == [(kind, invoice) for kind, invoice, _ in kept(ledger)]


def test_a_case_is_opened_once(ledger: SqlLedger) -> None:
    opened = an_entry("case opened", event=CaseOpened(amount=usd(1999)))
    for _ in range(2):
        ledger.open_case(a_case("in_2"), a_customer(), "{}", opened)

    assert [("case.opened", "in_2")] == [(kind, invoice) for kind, invoice, _ in kept(ledger)]


def test_the_answer_to_a_charge_is_told_once_and_so_is_a_ceiling(ledger: SqlLedger) -> None:
    row = an_attempt()
    declined = ChargeDeclined(attempt=1, kind=AttemptKind.TIMELINE, amount=usd(1999), code="insufficient_funds")
    ledger.begin_attempt(row, at_most(1))
    for _ in range(2):
        ledger.finish_attempt("in_1", 1, ChargeOutcome.DECLINED, "ch_1", None, an_entry(event=declined))
        assert isinstance(ledger.begin_attempt(an_attempt(2), at_most(1)), Postpone)

    [(first, _, answer), (second, _, later)] = kept(ledger)
    assert ("charge.declined", "insufficient_funds", 1) == (first, answer["code"], answer["attempt"])
    assert ("step.postponed", "charge", "try-2") == (second, later["kind"], later["source"])
    assert later["rule"]


def test_what_a_provider_reports_of_a_message_is_told_as_far_as_it_is_new(ledger: SqlLedger) -> None:
    row = a_contact()
    reserve(ledger, row)
    for result in (ContactResult.DELIVERED, ContactResult.DELIVERED, ContactResult.BOUNCED, ContactResult.DELIVERED):
        ledger.contact_heard(row.key, result.value, "5.1.1", NOW)

    assert [("contact.delivered", "day-3"), ("contact.bounced", "day-3")] == [
        (kind, data["source"]) for kind, _, data in kept(ledger)
    ]
    assert ("bounced", "email", "friendly") == tuple(
        kept(ledger)[1][2][name] for name in ("result", "channel", "stage")
    )


def test_money_after_the_end_is_told_once_per_occasion(ledger: SqlLedger) -> None:
    decided(ledger, outcome=Outcome.WRITTEN_OFF)
    entry = an_entry("paid after the end", step="late", event=CaseRecovered(late=True))
    for _ in range(2):
        ledger.after_the_end("in_1", "evt_1", entry, Late(remaining=usd(0), outcome=Outcome.RECOVERED))

    [(kind, _, data)] = kept(ledger)
    assert ("case.recovered", True, 0) == (kind, data["late"], data["remaining"]["amount"])


def test_a_letter_that_postgresql_refuses_stops_no_event(ledger: SqlLedger) -> None:
    """A reason may quote a provider."""
    entry = an_entry("postponed", why="it said \0", event=StepPostponed(kind="charge", until=NOW))
    decided(ledger, entry)

    assert "it said " == kept(ledger)[0][2]["why"]


def an_endpoint(name: str = "ep_1", **fields: Any) -> Endpoint:
    given = {"endpoint_id": name, "url": "https://example.com/", "secret": "whsec_a", "made_at": NOW}
    return Endpoint(**given | fields)


@pytest.fixture
def events(ledger: SqlLedger) -> Callable[..., None]:
    """Writes one event for each (invoice, step), of two cases."""
    open_case(ledger, "in_2", subscription_id="sub_1")

    def write(*told: tuple[str, str], event: Outgoing = SKIPPED, at: datetime = NOW) -> None:
        for invoice, step in told:
            ledger.record_effect(invoice, an_entry("skipped", step=step, at=at, event=event))

    return write


Write = Callable[..., None]


def due(ledger: SqlLedger, at: datetime = NOW, endpoint: str = "ep_1") -> list[str]:
    return [f"{one.case.invoice} {one.event.data['source']}" for one in ledger.due(endpoint, at, 10)]


def take(ledger: SqlLedger, endpoint: str = "ep_1") -> list[str]:
    """Delivers all that is due, one by one; what it was."""
    taken = list[str]()
    while found := ledger.due(endpoint, NOW, 1):
        taken.append(f"{found[0].case.invoice} {found[0].event.data['source']}")
        ledger.delivered(endpoint, found[0].event_id)
    return taken


def test_events_wait_for_each_endpoint_in_their_cases_order(ledger: SqlLedger, events: Write) -> None:
    ledger.add_endpoint(an_endpoint("ep_1"))
    ledger.add_endpoint(an_endpoint("ep_2", types=("case.closed",)))
    events(("in_1", "a"), ("in_2", "b"), ("in_1", "c"))
    events(("in_2", "d"), event=CaseClosed(outcome="recovered"))

    assert 4 == ledger.pass_on(10)
    assert 0 == ledger.pass_on(10)
    assert ["in_1 a", "in_2 b"] == due(ledger)  # the oldest of each case
    assert ["in_1 a", "in_2 b", "in_1 c", "in_2 d"] == take(ledger)
    assert ["in_2 d"] == take(ledger, "ep_2")


def test_an_event_names_its_case(ledger: SqlLedger, events: Write) -> None:
    ledger.add_endpoint(an_endpoint())
    events(("in_2", "a"))
    ledger.pass_on(10)
    [one] = ledger.due("ep_1", NOW, 10)

    assert {"invoice": "in_2", "customer": "cus_1", "subscription": "sub_1", "policy": "standard@1"} == (
        one.case.model_dump()
    )
    assert one.message_id.startswith("msg_")
    assert (NOW, "step.skipped", 0, None) == (one.event.at, one.event.type, one.attempts, one.first_try)


def test_what_was_not_taken_holds_up_its_case_and_no_other(ledger: SqlLedger, events: Write) -> None:
    ledger.add_endpoint(an_endpoint())
    events(("in_1", "a"), ("in_1", "b"), ("in_2", "c"))
    ledger.pass_on(10)
    first = ledger.due("ep_1", NOW, 1)[0]
    ledger.not_delivered("ep_1", first.event_id, "It answered 500.", NOW, NOW + SECOND)

    assert ["in_2 c"] == due(ledger)
    assert ["in_1 a", "in_2 c"] == due(ledger, NOW + SECOND)
    assert (1, NOW) == (
        ledger.due("ep_1", NOW + SECOND, 1)[0].attempts,
        ledger.due("ep_1", NOW + SECOND, 1)[0].first_try,
    )

    ledger.not_delivered("ep_1", first.event_id, "It answered 500.", NOW + DAY, None)
    assert ["in_1 b", "in_2 c"] == due(ledger)  # given up, it holds up nothing
    assert (2, 1) == ledger.backlog("ep_1")


def test_an_endpoint_that_is_back_gets_at_once_what_waits(ledger: SqlLedger, events: Write) -> None:
    ledger.add_endpoint(an_endpoint())
    events(("in_1", "a"), ("in_2", "b"))
    ledger.pass_on(10)
    first, second = ledger.due("ep_1", NOW, 10)
    for one in (first, second):
        ledger.not_delivered("ep_1", one.event_id, "It answered 500.", NOW, NOW + DAY)
    for hour in (0, 1):
        ledger.rest("ep_1", NOW + hour * SECOND, NOW + SECOND, "It answered 500.")
    [failing] = ledger.endpoints()
    assert (2, NOW, NOW + SECOND) == (failing.failures, failing.failing_since, failing.next_try)

    ledger.delivered("ep_1", first.event_id)
    [sound] = ledger.endpoints()
    assert (0, None, None, "") == (sound.failures, sound.failing_since, sound.next_try, sound.note)
    assert ["in_2 b"] == due(ledger)


def test_a_disabled_endpoint_gets_nothing_until_it_is_replayed(ledger: SqlLedger, events: Write) -> None:
    ledger.add_endpoint(an_endpoint(types=("step.skipped",)))
    events(("in_1", "old"), at=NOW - DAY)
    events(("in_1", "a"), ("in_2", "b"))
    ledger.pass_on(10)
    ledger.disable("ep_1", NOW, "It answered 410.")
    events(("in_1", "c"))
    events(("in_1", "x"), event=CaseClosed(outcome="recovered"))
    ledger.pass_on(10)
    assert [] == due(ledger)
    assert (0, 3) == ledger.backlog("ep_1")

    assert 3 == ledger.replay("ep_1", NOW)
    assert ["in_1 a", "in_2 b", "in_1 c"] == take(ledger)
    assert ledger.endpoints()[0].disabled_at is None
    assert 3 == ledger.replay("ep_1", NOW)  # once more, also what was taken
    assert ["in_1 a", "in_2 b", "in_1 c"] == take(ledger)


def test_a_replay_may_be_quicker_than_the_passing_on(ledger: SqlLedger, events: Write) -> None:
    ledger.add_endpoint(an_endpoint())
    events(("in_1", "a"))

    assert (1, 1) == (ledger.replay("ep_1", NOW), ledger.pass_on(10))
    assert ["in_1 a"] == take(ledger)


def test_secrets_are_rotated_and_an_endpoint_is_removed_with_what_waits(ledger: SqlLedger, events: Write) -> None:
    ledger.add_endpoint(an_endpoint())
    events(("in_1", "a"))
    ledger.pass_on(10)

    assert ledger.rotate_secret("ep_1", "whsec_b", NOW + DAY)
    [rotated] = ledger.endpoints()
    assert ("whsec_b", "whsec_a", NOW + DAY) == (rotated.secret, rotated.old_secret, rotated.old_until)
    assert "whsec" not in repr(rotated)
    assert (True, False) == (ledger.remove_endpoint("ep_1"), ledger.remove_endpoint("ep_1"))
    assert not ledger.rotate_secret("ep_1", "whsec_c", NOW)
    assert ([], []) == (ledger.endpoints(), due(ledger))


def test_old_events_are_forgotten_unless_an_endpoint_waits_for_them(ledger: SqlLedger, events: Write) -> None:
    ledger.add_endpoint(an_endpoint())
    events(("in_1", "a"), ("in_2", "b"), at=NOW - DAY)
    events(("in_1", "c"))
    assert 0 == ledger.forget_events(NOW)  # nobody has looked at them yet
    ledger.pass_on(10)
    ledger.delivered("ep_1", ledger.due("ep_1", NOW, 1)[0].event_id)

    assert 1 == ledger.forget_events(NOW)
    assert ["in_2 b", "in_1 c"] == take(ledger)
    assert (1, 0) == (ledger.forget_events(NOW), ledger.forget_events(NOW))


def test_what_is_recorded_anew_after_it_was_forgotten_is_not_told_anew(ledger: SqlLedger, events: Write) -> None:
    """The record stands for ever, and it says what was told."""
    events(("in_1", "a"), at=NOW - DAY)
    ledger.pass_on(10)
    assert 1 == ledger.forget_events(NOW)
    events(("in_1", "a"), at=NOW - DAY)

    assert [] == kept(ledger)


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ([an_entry("skipped", step="day-3", event=StepSkipped(kind="message"))], None),
        ([an_entry("closed", step="end", event=CaseClosed(outcome=Outcome.RECOVERED))], Outcome.RECOVERED),
    ],
)
def test_a_message_whose_fate_nobody_asks_about_any_more_is_told_as_uncertain(
    ledger: SqlLedger, entries: list[Entry], outcome: Outcome | None
) -> None:
    """Its provider may have taken it: it was left out, or the case ended, before that was found out."""
    open_case(ledger)
    reserve(ledger, a_contact())
    before = len(kept(ledger))

    for _ in range(2):
        ledger.decided("in_1", NOW + DAY, entries, a_projection(outcome), "{}")

    sent, last = kept(ledger)[before:]
    assert ["unknown"] == [row.state for row in ledger.contacts("in_1")]
    assert ("contact.sent", False) == (sent[0], sent[2]["certain"])
    assert entries[0].event
    assert entries[0].event.type == last[0]


def test_a_message_that_is_still_to_be_made_stays_so_when_another_step_is_left_out(ledger: SqlLedger) -> None:
    open_case(ledger)
    reserve(ledger, a_contact())

    ledger.decided("in_1", NOW + DAY, [an_entry("skipped", step="day-5", event=SKIPPED)], a_projection(), "{}")

    assert ["sending"] == [row.state for row in ledger.contacts("in_1")]
