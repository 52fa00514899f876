"""Contacts of one person are counted, and said once, over all invoices, in one transaction."""

from datetime import timedelta
from typing import Any

import pytest

from domain.declines import Reason
from domain.gates import Postpone
from domain.rules.contacts import ContactCaps, SaidWith
from domain.rules.lawful_caps import LawfulCap
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.ledger import Contact
from gateways.ports.messages import Address
from gateways.ports.rows import ContactRow, Reserved
from tests.gateways.ledger.builders import DAY, NOW, RACERS, a_contact, an_entry, open_case, race, reserve, rules

ONE = Address(customer_id="cus_1")
SAID = MessageFacts(stage=Stage.FRIENDLY, reason=Reason.DECLINED)


def begin(ledger: SqlLedger, row: ContactRow, per_week: int = 1, to: Address = ONE, **fields: Any) -> Contact:
    """A reservation under a cap of so many in a week."""
    caps = ContactCaps(per_week=per_week, distance=timedelta(0), policy="standard@1")
    return ledger.begin_contact(row, to, rules(row.invoice_id, row.channel, caps=caps, **fields))


def end(ledger: SqlLedger, row: ContactRow, state: str) -> None:
    ledger.finish_contact(row.invoice_id, row.step, row.channel, state, None, an_entry(f"email {state}"))


def another(**fields: Any) -> ContactRow:
    return a_contact(invoice_id="in_2", **fields)


def test_the_contacts_of_all_invoices_count(ledger: SqlLedger) -> None:
    """A message about one leaves no room for one about the other; the record says why and until when."""
    open_case(ledger, "in_2")
    begin(ledger, a_contact())
    answers = [begin(ledger, another()) for _ in range(2)]
    [entry] = ledger.record("in_2")

    assert [answers[0]] * 2 == answers
    assert isinstance(answers[0], Postpone)
    assert NOW + 7 * DAY == answers[0].until
    assert (NOW, "day-3", "postponed to 2026-11-30 10:00", "contacts@standard@1") == (
        entry.at,
        entry.step,
        entry.what,
        entry.rule,
    )
    assert [] == ledger.contacts("in_2")


def test_a_contact_that_stands_is_returned_whatever_the_cap_says(ledger: SqlLedger) -> None:
    """It may have been sent: it does not stand in its own way, nor do those that came after it."""
    open_case(ledger, "in_2")
    reserve(ledger, another())
    begin(ledger, a_contact(), 2)

    assert Reserved(another(), ours=False) == begin(ledger, another())


def test_one_that_failed_is_asked_again_and_not_counted(ledger: SqlLedger) -> None:
    """It certainly was not sent."""
    open_case(ledger, "in_2")
    begin(ledger, a_contact())
    end(ledger, a_contact(), "failed")
    room = begin(ledger, another())
    again = begin(ledger, a_contact())

    assert Reserved(another(), ours=True) == room
    assert isinstance(again, Postpone)
    assert ["failed"] == [row.state for row in ledger.contacts("in_1")]


def test_what_reached_nobody_is_not_counted(ledger: SqlLedger) -> None:
    """A number that is none, another customer's message, one of the week before, and a notice."""
    open_case(ledger, "in_2")
    open_case(ledger, "in_other", customer_id="cus_2")
    reserve(ledger, a_contact())
    end(ledger, a_contact(), "unreachable")
    reserve(ledger, a_contact(invoice_id="in_other"), "cus_2")
    reserve(ledger, a_contact(step="old", as_of=NOW - 7 * DAY))
    reserve(ledger, a_contact(channel=Channel.NOTICE))

    assert Reserved(another(), ours=True) == begin(ledger, another())


MAIL, NUMBER = "mia@example.com", "+14155550100"


@pytest.mark.parametrize(
    ("channel", "address", "has"),
    [
        (Channel.EMAIL, MAIL, {"email": "Mia@Example.com"}),
        (Channel.SMS, NUMBER, {"phone": NUMBER}),
        # It rang in the same pocket, although this one is an e-mail.
        (Channel.SMS, NUMBER, {"phone": NUMBER, "email": "mia@work.example"}),
    ],
)
def test_one_inbox_of_two_customer_records_got_twice_as_many(
    ledger: SqlLedger, channel: Channel, address: str, has: dict[str, str]
) -> None:
    """A cap protects whoever reads the messages, whatever the payment provider calls them."""
    open_case(ledger, "in_other", customer_id="cus_2")
    begin(ledger, a_contact(channel=channel, address=address))
    to = Address(customer_id="cus_2", **has)

    answer = begin(ledger, a_contact(invoice_id="in_other"), to=to)

    assert isinstance(answer, Postpone)
    assert NOW + 7 * DAY == answer.until
    assert [begin_as.at for begin_as in ledger.contacts_beside(to, NOW - DAY)] == [NOW]


def test_somebody_elses_inbox_takes_no_room(ledger: SqlLedger) -> None:
    """Nor does a field that holds no address, and a customer's own contact counts once although it is found twice."""
    open_case(ledger, "in_2")
    open_case(ledger, "in_other", customer_id="cus_2")
    to = Address(customer_id="cus_2", email="n/a", phone=NUMBER)
    begin(ledger, a_contact(address=MAIL), 9)

    assert Reserved(a_contact(invoice_id="in_other"), ours=True) == begin(
        ledger, a_contact(invoice_id="in_other"), to=to
    )
    assert [] == ledger.contacts_beside(to, NOW - DAY)
    mine = Address(customer_id="cus_1", email=MAIL)
    assert isinstance(begin(ledger, another(), 2, mine), Reserved)


def test_two_customer_records_race_for_the_last_place_of_their_inbox(ledger: SqlLedger) -> None:
    for number in range(RACERS):
        open_case(ledger, f"in_race_{number}", customer_id=f"cus_race_{number}")

    def one(number: int) -> Contact:
        row = a_contact(invoice_id=f"in_race_{number}", address=MAIL)
        return begin(ledger, row, to=Address(customer_id=f"cus_race_{number}", email=MAIL, phone=NUMBER))

    assert 1 == sum(isinstance(answer, Reserved) for answer in race(one))


def test_the_last_place_of_a_person_is_given_once(ledger: SqlLedger) -> None:
    """Several invoices race for the third and last message of the week."""
    for number in range(RACERS):
        open_case(ledger, f"in_race_{number}")
    for step in ("one", "two"):
        reserve(ledger, a_contact(step=step))
    answers = race(lambda number: begin(ledger, a_contact(invoice_id=f"in_race_{number}"), 3))

    assert 1 == sum(isinstance(answer, Reserved) for answer in answers)
    assert RACERS - 1 == sum(isinstance(answer, Postpone) for answer in answers)


def test_what_a_message_says_of_another_invoice_is_kept(ledger: SqlLedger) -> None:
    """And the other one is said with it."""
    open_case(ledger, "in_2")
    row = a_contact(said=SAID, names=("in_2",))
    reserve(ledger, row)
    waits = begin(ledger, another())
    end(ledger, row, "sent")

    assert SaidWith(invoice_id="in_1", sending=True) == waits
    assert SaidWith(invoice_id="in_1") == begin(ledger, another())
    assert [row.model_copy(update={"state": "sent"})] == ledger.contacts("in_1")


def test_of_messages_that_race_and_name_each_other_one_is_sent(ledger: SqlLedger) -> None:
    """All others are said with it."""
    invoices = [f"in_race_{number}" for number in range(RACERS)]
    for invoice in invoices:
        open_case(ledger, invoice)
    answers = race(
        lambda number: begin(ledger, a_contact(invoice_id=invoices[number], said=SAID, names=tuple(invoices)), 9)
    )
    [sent] = [answer.row.invoice_id for answer in answers if isinstance(answer, Reserved)]

    assert [SaidWith(invoice_id=sent, sending=True)] * (RACERS - 1) == [
        answer for answer in answers if isinstance(answer, SaidWith)
    ]


def test_a_lawful_cap_looks_as_far_back_as_it_says(ledger: SqlLedger) -> None:
    """One in a month: the week of the policy's own cap is not enough. The record names the law's rule."""
    open_case(ledger, "in_2")
    begin(ledger, a_contact())
    monthly = LawfulCap(rule="xx-one-a-month@2026-01-01", limit=1, days=31, on=(Channel.EMAIL,))
    caps = ContactCaps(per_week=9, distance=timedelta(0), policy="standard@1", lawful=(monthly,))
    row = another(as_of=NOW + 20 * DAY)

    answer = ledger.begin_contact(row, ONE, rules(row.invoice_id, row.channel, caps=caps))

    assert isinstance(answer, Postpone)
    assert NOW + 31 * DAY == answer.until
    assert [monthly.rule] == [entry.rule for entry in ledger.record("in_2")]


def test_a_text_took_the_place_of_the_days_e_mail_because_it_was_faster(ledger: SqlLedger) -> None:
    """One contact a day, and two of one decision: the first of the timeline goes, whichever asks first."""
    monthly = LawfulCap(rule="xx-one-a-month@2026-01-01", limit=1, days=31, on=(Channel.EMAIL, Channel.SMS))
    caps = ContactCaps(per_week=9, distance=timedelta(0), policy="standard@1", lawful=(monthly,))
    text, mail = a_contact(channel=Channel.SMS), a_contact()

    asked = rules(channel=Channel.SMS, caps=caps, before=(Channel.EMAIL,))
    early = ledger.begin_contact(text, ONE, asked)
    first = ledger.begin_contact(mail, ONE, rules(caps=caps))
    late = ledger.begin_contact(text, ONE, asked)

    assert isinstance(first, Reserved)
    assert first.ours
    assert isinstance(early, Postpone)
    assert early == late


def test_where_there_is_room_for_both_the_turn_costs_nothing(ledger: SqlLedger) -> None:
    """The first one counts once, whether it was made already or not."""
    caps = ContactCaps(per_week=2, distance=timedelta(0), policy="standard@1")
    asked = rules(channel=Channel.SMS, caps=caps, before=(Channel.EMAIL,))

    text = ledger.begin_contact(a_contact(channel=Channel.SMS), ONE, asked)
    mail = ledger.begin_contact(a_contact(), ONE, rules(caps=caps))

    assert [True, True] == [isinstance(one, Reserved) and one.ours for one in (text, mail)]
