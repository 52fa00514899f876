"""All that is held of one person is read, and erased: afterwards no column of any table has it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from domain.calls import TaskState
from domain.case import CaseStatus
from domain.consent import Source
from domain.gates import Refuse
from domain.protection import Protected, Protection, SetBy
from domain.renewal import Notice
from domain.rules.contacts import ContactCaps
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.ledger import named, persons
from gateways.ledger.columns import metadata
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.calls import CallTaskRow
from gateways.ports.consents import OptIn
from gateways.ports.inbox import DONE, Arrival
from gateways.ports.messages import Address
from gateways.ports.renewals import NoticeRow, ReservedNotice
from gateways.ports.rows import Closure, Reply
from gateways.provider_facts import CustomerChose
from service.preferences import of_choice
from tests.gateways.ledger.builders import NOW, a_case, a_contact, a_customer, reserve

FREE_CAPS = ContactCaps(per_week=9, distance=timedelta(0), policy="standard@1")
MAIL, PHONE, USER, NAME = "grace@customers.example", "+14155550177", f"U{7:032x}", "Grace Hopper"
OLD_MAIL = "hopper@before.example"
STREET = '{"line1": "1 Cobol Lane"}'
THEIRS = (
    "Cobol Lane",
    MAIL,
    PHONE.removeprefix("+"),
    USER,
    NAME,
    OLD_MAIL,
    "Hopperstreet",
    "secret words",
    "court file",
    "sat 10:00-12:00",
)


def a_notice() -> tuple[NoticeRow, Address]:
    """To Grace, before a renewal."""
    notice = NoticeRow(
        key="n1",
        customer_id="cus_grace",
        subscription_id="sub_grace",
        notice=Notice.CARD_EXPIRES,
        renews_at=NOW,
        segment="any",
        policy="standard@1",
        channel=Channel.EMAIL,
        state="sending",
        as_of=NOW,
        started_at=NOW,
        subject=NAME,
        text=f"Dear {NAME}",
        html=f"<p>{NAME}",
        address=MAIL,
        why=f"{MAIL} is full",
    )
    return notice, Address(customer_id="cus_grace", name=NAME, email=MAIL, phone=PHONE, line_user_id=USER)


def a_life(ledger: SqlLedger, status: CaseStatus = CaseStatus.CLOSED) -> None:
    """Of Grace, with something about her wherever it can be, and of somebody else beside her."""
    grace = a_customer(
        customer_id="cus_grace", name=NAME, email=MAIL, phone=PHONE, line_user_id=USER, call_hours="sat 10:00-12:00"
    )
    stated = {"name": NAME, "email": MAIL}
    grace = grace.model_copy(update={"stated": stated, "country": "DE", "region": "BE", "postal_address": STREET})
    ledger.open_case(a_case("in_grace", customer_id="cus_grace", status=status), grace, "{}")
    ledger.open_case(
        a_case("in_2", customer_id="cus_grace2", status=status), a_customer(customer_id="cus_grace2"), "{}"
    )
    for step, address in (("friendly", MAIL), ("final", OLD_MAIL)):
        row = a_contact(
            invoice_id="in_grace", step=step, key=f"dun:in_grace:{step}:email", address=address, text=f"Dear {NAME}"
        )
        reserve(ledger, row.model_copy(update={"html": f"<p>{NAME}", "subject": NAME}), "cus_grace")
    ledger.keep_reply(
        Reply(customer_id="cus_grace", channel=Channel.SMS, event_id="SM1", at=NOW, text="secret words from Grace")
    )
    ledger.opted_in(
        OptIn(customer_id="cus_grace", channel=Channel.SMS, event_id="o1", source=Source.START, at=NOW, proof=NAME)
    )
    said = Protected(
        protection=Protection.HARDSHIP,
        event_id="p1",
        since=NOW,
        source=SetBy.OPERATOR,
        by="operator",
        note="court file of Grace Hopper",
    )
    ledger.protect("cus_grace", said)
    wish = Closure(
        customer_id="cus_grace",
        channel=Channel.EMAIL,
        address=None,
        why="opted out",
        wish=True,
        event_id="w1",
        at=NOW,
        proof=f"letter of {NAME}",
    )
    ledger.close_channel(wish)
    notice, to = a_notice()
    assert isinstance(ledger.begin_notice(notice, to, FREE_CAPS), ReservedNotice)
    call = CallTaskRow(
        call_id="call_1",
        invoice_id="in_grace",
        customer_id="cus_grace",
        step="d05-call",
        state=TaskState.OPEN,
        as_of=NOW,
        call_from=NOW,
        until=NOW + timedelta(days=3),
        zones=("Europe/Berlin",),
        windows=(),
        offers=(),
        said=MessageFacts(stage=Stage.REMINDER),
        why="call on day 5",
        address=PHONE,
    )
    ledger.queue_call(call, to, FREE_CAPS)
    ledger.take_call("call_1", to, FREE_CAPS, "Ana", NOW)
    forms = urlencode({"From": PHONE, "Body": "secret words"})
    ledger.keep(
        [
            Arrival(
                provider="stripe",
                event_id="evt_1",
                kind="k",
                body='{"customer": "cus_grace", "street": "Hopperstreet 1"}',
            ),
            Arrival(provider="twilio", event_id="SM1", kind="k", body=forms),
            Arrival(provider="line", event_id="L1", kind="k", body=f'{{"userId": "{USER}", "text": "secret words"}}'),
            Arrival(provider="sendgrid", event_id="sg1", kind="k", body=f'{{"email": "{MAIL.upper()}"}}'),
            Arrival(provider="sendgrid", event_id="sg2", kind="k", body=f'{{"email": "{OLD_MAIL}"}}'),
            Arrival(provider="stripe", event_id="evt_2", kind="k", body='{"customer": "cus_grace2"}'),
        ],
        NOW,
    )
    for row in ledger.inbox():
        ledger.ended(row.id, DONE, "done", f"for {NAME}" if row.event_id == "evt_1" else "", None, NOW)


def everything(url: str) -> str:
    """Every value of every column of every table."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        names = [name for name in sa.inspect(connection).get_table_names() if name != "alembic_version"]
        assert {*names} == {*metadata.tables}
        found = [repr(connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()) for name in names]  # noqa: S608
    engine.dispose()
    return "\n".join(found)


def test_whatever_names_the_person_is_in_what_is_read_of_them(ledger: SqlLedger) -> None:
    a_life(ledger)

    found = ledger.person("cus_grace")

    assert {
        "cases": 1,
        "contacts": 2,
        "notices": 1,
        "replies": 1,
        "opt_ins": 1,
        "protections": 1,
        "channel_closures": 1,
    } == {
        name: len(found[name])
        for name in ("cases", "contacts", "notices", "replies", "opt_ins", "protections", "channel_closures")
    }
    assert ["evt_1", "SM1", "L1", "sg1", "sg2"] == [row["event_id"] for row in found["inbox"]]
    assert [part for part in THEIRS if part not in repr(found)] == []
    assert "cus_grace2" not in repr(found)
    assert {} == ledger.person("cus_nobody")


def test_after_an_erasure_no_column_of_any_table_has_the_person(ledger: SqlLedger, url: str) -> None:
    a_life(ledger)
    before = everything(url)
    assert [part for part in THEIRS if part not in before] == []

    assert ledger.erase_person("cus_grace", NOW)

    after = everything(url)
    assert [part for part in THEIRS if part.lower() in after.lower()] == []
    assert ledger.erase_person("cus_grace", NOW + timedelta(days=1))
    assert after == everything(url)
    case = ledger.case("in_grace")
    assert case is not None
    assert 1999 == case.amount.amount
    assert "cus_grace2" in next(row.body for row in ledger.inbox() if row.event_id == "evt_2")
    assert ["hardship"] == [one.protection for one in ledger.protections("cus_grace")]


def test_a_notice_that_was_about_to_be_sent_while_the_person_was_erased_leaves_nothing(
    ledger: SqlLedger, url: str
) -> None:
    """What was read of them before is written down no more, and nobody is written to."""
    a_life(ledger)
    notice, to = a_notice()
    assert ledger.erase_person("cus_grace", NOW)
    before = everything(url)

    assert Refuse(why="the customer was erased") == ledger.begin_notice(
        notice.model_copy(update={"key": "n2"}), to, FREE_CAPS
    )

    assert before == everything(url)


@pytest.mark.parametrize("word", [MAIL, PHONE, "in_grace", "customer", "nobody"])
def test_what_a_text_may_name_is_nobodys_id(ledger: SqlLedger, url: str, word: str) -> None:
    """Nothing is read under it, and nothing is emptied: "customer" stands in every event."""
    a_life(ledger)
    before = everything(url)

    assert {} == ledger.person(word)
    assert not ledger.erase_person(word, NOW)
    assert before == everything(url)


def test_who_unsubscribes_with_an_old_link_after_the_erasure_is_heard(ledger: SqlLedger) -> None:
    """Whoever has the address next is not written to at it."""
    ledger.open_case(
        a_case("in_9", customer_id="cus_9", status=CaseStatus.CLOSED), a_customer(customer_id="cus_9", email=MAIL), "{}"
    )
    reserve(ledger, a_contact(invoice_id="in_9", key="dun:in_9:friendly:email", address=MAIL), "cus_9")
    ledger.erase_person("cus_9", NOW)

    contact = "dun:in_9:friendly:email"
    of_choice(
        ledger,
        CustomerChose(
            provider="ours", event_id="u1", event_type="stop", at=NOW, contact=contact, stop=(Channel.EMAIL,)
        ),
    )

    ledger.open_case(a_case("in_3", customer_id="cus_new"), a_customer(customer_id="cus_new", email=MAIL), "{}")
    assert {Channel.EMAIL: "opted out"} == ledger.closed_channels("cus_new")


def test_an_address_that_wanted_nothing_stays_closed_to_whoever_has_it_next(ledger: SqlLedger) -> None:
    """The wish was the person's, at whatever address; the same person may come back as another customer."""
    a_life(ledger)
    ledger.erase_person("cus_grace", NOW)

    again = a_customer(customer_id="cus_new", email=MAIL)
    ledger.open_case(a_case("in_3", customer_id="cus_new"), again, "{}")

    assert {Channel.EMAIL: "opted out"} == ledger.closed_channels("cus_new")


def test_nothing_is_erased_while_a_case_is_open(ledger: SqlLedger, url: str) -> None:
    a_life(ledger, CaseStatus.OPEN)
    before = everything(url)

    assert not ledger.erase_person("cus_grace", NOW)

    assert before == everything(url)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Does something, in another thread, when the inbox is looked through for the first time."""
    done: list[object] = []

    def looked(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "lower(inbox" in statement and not done:
            done.append(True)
            with ThreadPoolExecutor() as threads:
                done.append(threads.submit(act).result(timeout=5))

    sa.event.listen(sa.Engine, "before_cursor_execute", looked)
    yield
    sa.event.remove(sa.Engine, "before_cursor_execute", looked)
    assert 2 == len(done)


def comes(ledger: SqlLedger, *, is_taken: bool) -> None:
    ledger.keep([Arrival(provider="sendgrid", event_id="late", kind="k", body=f'{{"email": "{MAIL}"}}')], NOW)
    [row] = [row for row in ledger.inbox() if row.event_id == "late"]
    if is_taken:
        ledger.ended(row.id, DONE, "done", "", None, NOW)


@pytest.mark.parametrize("asked", ["export", "erasure"])
def test_nobody_waits_while_a_large_inbox_is_looked_through(ledger: SqlLedger, url: str, asked: str) -> None:
    """All writing stood still meanwhile, and what took too long was given up."""
    a_life(ledger)
    act = ledger.person if asked == "export" else lambda who: ledger.erase_person(who, NOW)

    with meanwhile(lambda: ledger.customer_set("cus_grace", {"segment": "vip"})):
        assert act("cus_grace")


def test_a_large_inbox_is_looked_through_in_batches(
    ledger: SqlLedger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named, "BATCH", 2)
    monkeypatch.setattr(persons, "BATCH", 2)
    a_life(ledger)

    found = ledger.person("cus_grace")
    assert ["evt_1", "SM1", "L1", "sg1", "sg2"] == [row["event_id"] for row in found["inbox"]]
    assert ledger.erase_person("cus_grace", NOW)
    assert [part for part in THEIRS if part.lower() in everything(url).lower()] == []


def test_what_comes_during_an_erasure_is_erased_with_the_rest(ledger: SqlLedger, url: str) -> None:
    a_life(ledger)

    with meanwhile(lambda: comes(ledger, is_taken=True)):
        assert ledger.erase_person("cus_grace", NOW)

    assert [part for part in THEIRS if part.lower() in everything(url).lower()] == []


def test_what_comes_during_an_erasure_and_is_not_taken_yet_stops_it(ledger: SqlLedger) -> None:
    a_life(ledger)

    with meanwhile(lambda: comes(ledger, is_taken=False)):
        assert not ledger.erase_person("cus_grace", NOW)

    assert MAIL == ledger.address("cus_grace").email


def test_an_address_that_is_learned_during_an_erasure_is_looked_for_at_the_next(ledger: SqlLedger, url: str) -> None:
    a_life(ledger)

    with meanwhile(lambda: ledger.customer_set("cus_grace", {"email": "new@grace.example"})):
        assert not ledger.erase_person("cus_grace", NOW)

    assert ledger.erase_person("cus_grace", NOW)
    assert "new@grace.example" not in everything(url)


def test_what_the_provider_states_is_not_taken_up_again_before_there_is_a_new_case(ledger: SqlLedger) -> None:
    a_life(ledger)
    ledger.erase_person("cus_grace", NOW)
    stated = a_customer(customer_id="cus_grace", email=MAIL)

    assert ledger.customer_is(stated) is None
    assert ledger.address("cus_grace").email is None
    ledger.open_case(a_case("in_4", customer_id="cus_grace"), stated, "{}")
    assert MAIL == ledger.address("cus_grace").email


@pytest.mark.parametrize(("other", "named"), [("cus_grac", 0), ("cus_grace", 1)])
def test_an_id_within_a_longer_one_is_another_customers(ledger: SqlLedger, other: str, named: int) -> None:
    ledger.open_case(a_case("in_9", customer_id=other), a_customer(customer_id=other), "{}")
    ledger.keep([Arrival(provider="stripe", event_id="evt_1", kind="k", body='{"customer": "cus_grace"}')], NOW)

    assert named == len(ledger.person(other).get("inbox", ()))
