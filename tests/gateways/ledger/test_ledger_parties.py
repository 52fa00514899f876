"""What the API reads of customers, consents, endpoints and exports: on SQLite and on PostgreSQL."""

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from domain.consent import Source
from domain.outgoing import StepSkipped
from domain.record import Entry
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.consents import OptIn
from gateways.ports.outbox import DONE, GIVEN_UP, WAITING, Endpoint
from gateways.ports.rows import Closure
from tests.cases import a_closure
from tests.gateways.ledger.builders import DAY, NOW, a_case, a_contact, a_customer, open_case, reserve, usd
from tests.new_ledger import new_ledger

NUMBER = "+14155550123"


def a_stop(customer: str, event_id: str = "SM1", at: datetime = NOW) -> Closure:
    stop = a_closure(customer, Channel.SMS, "opted out", event_id, at, address=NUMBER, wish=True)
    return stop.model_copy(update={"source": Source.STOP, "proof": "p"})


def an_opt_in(customer: str = "cus_1", event_id: str = "e1", at: datetime = NOW) -> OptIn:
    return OptIn(customer_id=customer, channel=Channel.SMS, event_id=event_id, source=Source.START, at=at)


def test_what_one_event_has_opened_is_known_by_it(ledger: SqlLedger) -> None:
    """So that who was cut off can go on; to everybody else it is open."""
    ledger.close_channel(a_stop("cus_7"))
    key = ledger.closures_at(Channel.SMS, a_stop("cus_7").address or "")
    ledger.open_channel(key, NOW + DAY, "SM2")
    ledger.open_channel(key, NOW + DAY, "SM3")
    place = key[0].address or ""

    assert [] == ledger.closures_at(Channel.SMS, place) == ledger.closures("cus_7") == ledger.closures("cus_7", "SM3")
    [by_place], [by_person] = ledger.closures_at(Channel.SMS, place, "SM2"), ledger.closures("cus_7", "SM2")
    assert by_place == by_person
    assert (NOW + DAY, "SM2", Source.STOP, "p") == (
        by_place.opened_at,
        by_place.opened_by,
        by_place.source,
        by_place.proof,
    )


def test_a_closure_by_person_and_address_is_one(ledger: SqlLedger) -> None:
    ledger.open_case(a_case("in_2", customer_id="cus_7"), a_customer(customer_id="cus_7", phone=NUMBER), "{}")
    ledger.close_channel(a_stop("cus_7"))

    assert ["SM1"] == [one.event_id for one in ledger.closures("cus_7")]


def test_what_a_customer_said_is_kept_once_and_in_order(ledger: SqlLedger) -> None:
    for one in (an_opt_in(at=NOW + DAY, event_id="e2"), an_opt_in(), an_opt_in(at=NOW + 2 * DAY), an_opt_in("cus_2")):
        ledger.opted_in(one)
    ledger.close_channel(a_stop("cus_1", "SM2", NOW + DAY))
    ledger.close_channel(a_stop("cus_1", "SM1"))
    ledger.close_channel(a_closure("cus_1", Channel.SMS, "invalid address", "SM3"))

    assert [("e1", NOW), ("e2", NOW + DAY)] == [(one.event_id, one.at) for one in ledger.opt_ins("cus_1")]
    assert ["SM1", "SM2"] == [one.event_id for one in ledger.opt_outs("cus_1")]


def test_customers_come_in_order_with_what_they_owe(ledger: SqlLedger) -> None:
    """What is due in another currency is another sum."""
    yen = usd(300).model_copy(update={"currency": "JPY"})
    for number in range(4):
        row = a_case(f"in_{number + 2}", customer_id=f"cus_{number // 2 + 1}")
        ledger.open_case(row, a_customer(customer_id=row.customer_id), "{}")
    ledger.open_case(
        a_case("in_9", customer_id="cus_2", amount=yen, remaining=yen), a_customer(customer_id="cus_2"), ""
    )

    assert ["cus_1"] == [one.customer_id for one in ledger.customers(limit=1)]
    assert ["cus_2"] == [one.customer_id for one in ledger.customers("cus_1")]
    assert ["cus_1"] == [one.customer_id for one in ledger.customers_by_id(["cus_1", "cus_0"])]
    assert [("cus_2", yen, 1), ("cus_2", usd(3998), 2)] == [tuple(one) for one in ledger.owed_by(["cus_2", "cus_3"])]
    assert [] == ledger.owed_by([])


def test_contacts_of_all_cases_are_told_without_their_texts(ledger: SqlLedger) -> None:
    open_case(ledger, "in_2")
    for number, invoice in enumerate(("in_1", "in_2", "in_1")):
        at = NOW + number * DAY
        reserve(ledger, a_contact(invoice_id=invoice, step=f"s{number}", key=f"k{number}", as_of=at, text="Dear Ada"))

    found = ledger.contacts_with("cus_1", NOW + DAY)

    assert [("in_2", NOW + DAY, True), ("in_1", NOW + 2 * DAY, True)] == [
        (one.invoice_id, one.at, one.counts) for one in found
    ]
    assert "Ada" not in repr(found)


def test_exports_go_on_behind_the_last_number(ledger: SqlLedger) -> None:
    for day in range(3):
        ledger.record_effect("in_1", Entry(at=NOW + day * DAY, step=f"s{day}", what="x", why="", rule=None))
        reserve(ledger, a_contact(step=f"s{day}", key=f"k{day}", as_of=NOW + day * DAY))

    for read in (ledger.records_after, ledger.messages_after):
        first = read(0, 2, None)
        rest = read(first[-1].number, 2, None)
        assert [NOW, NOW + DAY, NOW + 2 * DAY] == [one.at for one in (*first, *rest)][-3:]
        assert [NOW + 2 * DAY] == [one.at for one in read(0, 9, NOW + 2 * DAY)]


def an_endpoint(ledger: SqlLedger, url: str = "https://a.example/") -> None:
    ledger.add_endpoint(Endpoint(endpoint_id="ep_1", url=url, secret="s", made_at=NOW))


def test_deliveries_come_by_their_state(ledger: SqlLedger) -> None:
    an_endpoint(ledger)
    for step in ("a", "b", "c"):
        ledger.record_effect("in_1", Entry(at=NOW, step=step, what="x", why="", event=StepSkipped(kind="charge")))
    ledger.pass_on(9)
    first, second, third = (one.number for one in ledger.deliveries("ep_1", None, 0, 9))
    ledger.delivered("ep_1", first)
    ledger.not_delivered("ep_1", second, "It answered 500.", NOW, None)

    found = {state: ledger.deliveries("ep_1", state, 0, 9) for state in (DONE, GIVEN_UP, WAITING)}

    assert {DONE: [first], GIVEN_UP: [second], WAITING: [third]} == {
        state: [one.number for one in rows] for state, rows in found.items()
    }
    [refused] = found[GIVEN_UP]
    assert (1, "It answered 500.", NOW) == (refused.attempts, refused.note, refused.first_try)
    assert [third] == [one.number for one in ledger.deliveries("ep_1", None, second, 9)]


def test_an_endpoint_is_changed_and_enabled(ledger: SqlLedger) -> None:
    """Another address begins anew; other types alone do not."""
    an_endpoint(ledger)
    ledger.rest("ep_1", NOW, NOW + DAY, "It answered 500.")

    assert ledger.change_endpoint("ep_1", "https://a.example/", ["case.closed"])
    [same] = ledger.endpoints()
    assert ledger.change_endpoint("ep_1", "https://b.example/", None)
    [other] = ledger.endpoints()
    ledger.disable("ep_1", NOW, "x")
    assert ledger.enable("ep_1")
    [enabled] = ledger.endpoints()

    assert (("case.closed",), NOW + DAY, 1) == (same.types, same.next_try, same.failures)
    assert (None, None, 0) == (other.types, other.next_try, other.failures)
    assert (None, "") == (enabled.disabled_at, enabled.note)
    assert not ledger.enable("ep_0")
    assert not ledger.change_endpoint("ep_0", "https://b.example/", None)


def test_the_rarest_deliveries_are_found_by_their_index(tmp_path: Path) -> None:
    """Of a million deliveries those that were given up are read, and no others."""
    engine = sa.create_engine(new_ledger(tmp_path / "ledger.db"))
    plan = (
        "EXPLAIN QUERY PLAN SELECT event FROM deliveries WHERE endpoint_id = 'ep' AND state = 'given_up' AND event > 1"
    )
    with engine.connect() as connection:
        steps = " ".join(row.detail for row in connection.execute(sa.text(plan)))
    engine.dispose()

    assert "ix_deliveries_given_up" in steps
