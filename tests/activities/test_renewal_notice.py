"""One notice before a renewal: read anew, checked, written and sent, once."""

from datetime import UTC, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.exceptions import ApplicationError

from domain.case import PolicyRef
from domain.events import ContactResult
from domain.ids import notice_key
from domain.policy import Policy
from domain.protection import Protected, Protection, SetBy
from domain.renewal import Notice, NoticeOutcome, NoticeTask, Renewal, Renewals
from domain.rules.contacts import ContactCaps
from domain.steps import Channel
from gateways.policy_files import policy_digest
from gateways.ports.renewals import NoticeRow
from gateways.ports.rows import CustomerRow
from gateways.provider_facts import ContactHeard, CustomerChose
from sandbox.providers.faults import Mode
from sandbox.providers.sendgrid import Email
from sandbox.providers.world import ProviderWorld
from service.contact_news import of_contact
from service.preferences import of_choice
from tests.activities.builders import NAME, STANDARD, Worker, a_contact, case_of
from tests.activities.test_killed_worker import killed_at
from tests.cases import a_closure
from tests.renewals import a_renewal

ZONE = "America/New_York"
_numbers = count(1)


def a_tuesday(days: int = 0) -> datetime:
    """A Tuesday at ten in the morning where the customer is, in one of the next weeks: no holiday, and open hours."""
    here = datetime.now(ZoneInfo(ZONE))
    day = here.date() + timedelta(days=(1 - here.weekday()) % 7 + 49 + days)
    return datetime.combine(day, time(10), ZoneInfo(ZONE)).astimezone(UTC)


class Announced:
    """A renewal `ahead` of a Tuesday at ten whose card is expired, of a customer of their own."""

    def __init__(
        self,
        worker: Worker,
        policy: Policy = STANDARD,
        ahead: timedelta = timedelta(days=2),
        country: str = "US",
        zone: str = ZONE,
        **known: Any,
    ) -> None:
        self.worker, self.world = worker, worker.world
        self.email = f"renews{next(_numbers)}@example.com"
        self.at = a_tuesday()
        in_ = self.at + ahead - datetime.now(UTC)
        self.phone, self.line = f"+1415555{next(_numbers) + 4000}", worker.world.line.new_user()
        metadata = {"time_zone": zone, "line_user_id": self.line}
        given: dict[str, Any] = {"email": self.email, "phone": self.phone, "country": country, "metadata": metadata}
        self.subscription, self.customer, self.card = a_renewal(self.world, renews_in=in_, name=NAME, **given)
        found = worker.payments.read_renewal(self.subscription)
        assert found is not None
        self.renews_at = found.now.renews_at
        digest = policy_digest(policy)
        worker.ledger.keep_policy(digest, policy.name, policy.version, policy.model_dump_json())
        where = {"email": self.email, "phone": self.phone, "line_user_id": self.line}
        person = {"customer_id": self.customer, "name": NAME, "country": country, "time_zone": zone} | where | known
        worker.ledger.customer_met(CustomerRow.model_validate(person))
        self.renewal = Renewal(
            subscription_id=self.subscription,
            customer_id=self.customer,
            renews_at=self.renews_at,
            policy=PolicyRef(name=policy.name, version=policy.version, digest=digest),
        )

    def task(self, at: datetime | None = None) -> NoticeTask:
        return NoticeTask(renewal=self.renewal, as_of=at or self.at)

    def told(self, at: datetime | None = None) -> NoticeOutcome:
        return self.worker.notice(self.task(at))

    @property
    def mails(self) -> list[Email]:
        return [mail for mail in self.world.sendgrid.sent if mail.to == self.email]

    @property
    def elsewhere(self) -> dict[Channel, list[str]]:
        """What came by text, chat and in the application."""
        found: dict[Channel, list[str]] = {}
        for text in self.world.twilio.sent:
            if text.to.endswith(self.phone):
                found.setdefault(Channel.WHATSAPP if ":" in text.to else Channel.SMS, []).append(text.body)
        if chats := [chat.text for chat in self.world.line.sent if chat.to == self.line]:
            found[Channel.LINE] = chats
        if notices := [one["text"] for one in self.world.merchant.notices(self.customer)]:
            found[Channel.NOTICE] = notices
        return found

    @property
    def key(self) -> str:
        return notice_key(self.subscription, self.renews_at, Notice.CARD_EXPIRES)

    @property
    def row(self) -> NoticeRow:
        row = self.worker.ledger.notice(self.key)
        assert row is not None
        return row


def test_the_customer_is_told_of_card_date_and_amount_once(worker: Worker) -> None:
    """A second run finds it said."""
    one = Announced(worker)

    outcome, again = one.told(), one.told()

    [mail] = one.mails
    day = one.renews_at.astimezone(ZoneInfo(ZONE))
    assert (Notice.CARD_EXPIRES, None) == (outcome.said, outcome.next_at)
    assert (None, None) == (again.said, again.next_at)
    assert "Nimbus: your card expires before the next payment" == mail.subject
    assert f"On {day:%B} {day.day}, {day.year} your Nimbus subscription renews, and $19.99 will be charged" in mail.text
    assert "valid until 01/2020 only" in mail.text
    assert "https://nimbus.example/account" in mail.text
    assert ("sent", mail.text, one.customer) == (one.row.state, one.row.text, one.row.customer_id)


@pytest.mark.parametrize("way", ["another card", "the network's updater", "the same card, renewed"])
def test_a_card_that_came_in_order_meanwhile_is_not_spoken_of(worker: Worker, way: str) -> None:
    one = Announced(worker)
    match way:
        case "another card":
            one.world.stripe.add_card(one.customer)
        case "the network's updater":
            one.world.stripe.update_card(one.card, exp_month=12, exp_year=2099)
        case _:
            one.world.stripe.renew_card(one.card, exp_month=12, exp_year=2099)

    outcome = one.told()

    assert [] == one.mails
    assert (None, None) == (outcome.said, outcome.next_at)
    assert outcome.why.startswith("the card is good until 12/")


def test_a_changed_price_is_told_with_the_last_payment_and_not_what_a_change_has_cost(worker: Worker) -> None:
    """The card is good; between the two there was an invoice for a change in the middle of a period."""
    policy = STANDARD.model_copy(update={"renewals": Renewals(price_changes=10), "name": "prices"})
    one = Announced(worker, policy)
    stripe = one.world.stripe
    stripe.update_card(one.card, exp_month=12, exp_year=2099)
    for amount, reason in ((1499, "subscription_cycle"), (321, "subscription_update")):
        given = {"subscription": one.subscription, "billing_reason": reason}
        stripe.customer_pays(stripe.add_invoice(one.customer, amount=amount, **given))

    outcome = one.told()

    [mail] = one.mails
    assert Notice.PRICE_CHANGES is outcome.said
    assert "$19.99 will be charged then; your last payment was $14.99." in mail.text


def test_of_one_renewal_nobody_is_told_two_things_on_one_day(worker: Worker) -> None:
    policy = STANDARD.model_copy(update={"renewals": Renewals(card_expires=7, price_changes=7), "name": "both"})
    one = Announced(worker, policy)
    stripe = one.world.stripe
    stripe.customer_pays(stripe.add_invoice(one.customer, amount=1499, subscription=one.subscription))

    first = one.told()
    assert first.next_at is not None
    second = one.told(first.next_at)

    assert (Notice.CARD_EXPIRES, Notice.PRICE_CHANGES) == (first.said, second.said)
    assert (one.at + timedelta(days=1), None) == (first.next_at, second.next_at)
    assert 2 == len(one.mails)


def test_before_its_day_it_waits_for_it_at_the_policys_time(worker: Worker) -> None:
    one = Announced(worker)

    outcome = one.told(one.at - timedelta(days=20))

    assert outcome.next_at is not None
    here = outcome.next_at.astimezone(ZoneInfo(ZONE))
    renews_on = one.renews_at.astimezone(ZoneInfo(ZONE)).date()
    assert (STANDARD.time_of_day, 7) == (here.time(), (renews_on - here.date()).days)
    assert [] == one.mails


@pytest.mark.parametrize(("hour", "opens"), [(3, 9), (23, 9)])
def test_nobody_is_written_to_outside_the_contact_hours(worker: Worker, hour: int, opens: int) -> None:
    one = Announced(worker)
    night = one.at.astimezone(ZoneInfo(ZONE)).replace(hour=hour)

    outcome = one.told(night.astimezone(UTC))

    assert outcome.next_at is not None
    assert opens == outcome.next_at.astimezone(ZoneInfo(ZONE)).hour
    assert "is outside" in outcome.why
    assert [] == one.mails


def test_the_law_of_the_place_binds_on_top(worker: Worker) -> None:
    """Thailand allows one contact a day: what somebody else got at the same address has used it up."""
    one = Announced(worker, country="TH", zone="Asia/Bangkok")
    at = one.at.astimezone(ZoneInfo("Asia/Bangkok")).replace(hour=10).astimezone(UTC)
    other = case_of(worker, one.world.stripe.add_customer(email=one.email), None, one.email, None)
    worker.contact(a_contact(other, as_of=at - timedelta(minutes=30)))

    outcome = one.told(at)

    assert outcome.next_at is not None
    assert "the law of the place has no more than 1 contact in a day" == outcome.why
    assert 1 == len(one.mails)


def test_who_wants_no_e_mail_gets_none(worker: Worker) -> None:
    one = Announced(worker)
    worker.ledger.close_channel(a_closure(one.customer, Channel.EMAIL, wish=True, event_id=f"evt_{one.customer}"))

    outcome = one.told()

    assert ("opted out", None, []) == (outcome.why, outcome.next_at, one.mails)
    assert ("left_out", "opted out") == (one.row.state, one.row.why)


def test_who_has_a_case_open_gets_no_second_conversation(worker: Worker) -> None:
    one = Announced(worker)
    case_of(worker, one.customer, one.card, one.email, None)

    outcome = one.told()

    assert ("the customer has a case open: that is the conversation", []) == (outcome.why, one.mails)


def test_a_protected_person_is_left_alone(worker: Worker) -> None:
    one = Announced(worker)
    said = Protected(
        protection=Protection.DECEASED, event_id="p", since=one.at, source=SetBy.OPERATOR, by="an operator"
    )
    worker.ledger.protect(one.customer, said)

    outcome = one.told()

    assert "the customer is protected" in outcome.why
    assert [] == one.mails


def test_of_two_notices_that_cannot_be_said_neither_is_asked_about_again_at_once(worker: Worker) -> None:
    """The workflow looked again without a pause until the charge, two requests to Stripe each time."""
    policy = STANDARD.model_copy(update={"renewals": Renewals(card_expires=7, price_changes=7), "name": "both"})
    one = Announced(worker, policy, ahead=timedelta(days=1, hours=19))
    stripe = one.world.stripe
    stripe.customer_pays(stripe.add_invoice(one.customer, amount=1499, subscription=one.subscription))

    late = one.told(one.at + timedelta(days=1, hours=13))
    early = one.told(one.at + timedelta(hours=13))

    assert (None, None) == (late.next_at, late.said)
    assert early.next_at
    assert early.next_at > one.at + timedelta(hours=13)
    assert [] == one.mails


def test_nothing_waits_until_the_charge_has_come(worker: Worker) -> None:
    """At six in the morning, and the hours open at nine."""
    one = Announced(worker, ahead=timedelta(days=1, hours=19))

    outcome = one.told(one.at + timedelta(days=1, hours=13))

    assert outcome.why.endswith("is outside 09:00–20:00, and the charge comes before that")
    assert (None, []) == (outcome.next_at, one.mails)


def test_a_subscription_that_renews_on_another_day_is_let_go(worker: Worker) -> None:
    one = Announced(worker)
    item = one.world.stripe.store.objects[one.subscription]["items"]["data"][0]
    item["current_period_end"] += 5 * 86_400

    assert "the renewal is over, or on another day" == one.told().why
    assert [] == one.mails


def test_without_an_account_page_nothing_is_asked_for(worker: Worker) -> None:
    one = Announced(worker)

    outcome = worker.restarted(MERCHANT_ACCOUNT_URL="").notice(one.task())

    assert "brand.yaml names no page for it (account)" == outcome.why
    assert [] == one.mails


def test_a_notice_counts_among_the_contacts_of_the_person(worker: Worker) -> None:
    """By the policy's cap: a case that opens a moment later has to wait."""
    one = Announced(worker)
    one.told()
    case = case_of(worker, one.customer, one.card, one.email, None)
    task = a_contact(case, as_of=one.at + timedelta(hours=1))
    caps = {"per_week": 1, "distance": timedelta(0), "policy": "strict@1", "patient_until": None}

    outcome = worker.contact(task.model_copy(update={"caps": ContactCaps.model_validate(caps)}))

    assert outcome.postponed is not None
    assert one.at + timedelta(days=7) == outcome.postponed.until


def test_a_worker_killed_after_the_notice_was_taken_sends_it_once(
    world: ProviderWorld, worker: Worker, data_dir: Path
) -> None:
    """The provider has accepted it; the next worker finds it there."""
    one = Announced(worker)
    fault = world.faults.add("sendgrid", "POST", Mode.HOLD_AFTER)

    with killed_at(world, data_dir, "notice", one.task(), fault):
        before = one.row.state
        outcome = one.told()

    assert ("sending", "sent") == (before, one.row.state)
    assert (Notice.CARD_EXPIRES, 1) == (outcome.said, len(one.mails))


def test_a_notice_whose_fate_nobody_can_tell_is_not_sent_twice(world: ProviderWorld, worker: Worker) -> None:
    one = Announced(worker)
    world.faults.add("sendgrid", "POST", Mode.TIMEOUT_AFTER)
    with pytest.raises(ApplicationError):
        one.told()

    outcome = worker.restarted(SENDGRID_EMAIL_ACTIVITY="false").notice(one.task())

    assert ("unknown", 1) == (one.row.state, len(one.mails))
    assert outcome.next_at is None


def test_a_bounce_closes_the_address_for_all_that_follows(worker: Worker) -> None:
    one = Announced(worker)
    one.told()
    heard = ContactHeard(
        provider="sendgrid",
        event_id=f"b-{one.customer}",
        event_type="bounce",
        at=one.at,
        channel=Channel.EMAIL,
        result=ContactResult.BOUNCED,
        key=one.key,
    )

    assert [] == of_contact(worker.ledger, heard)

    assert Channel.EMAIL in worker.ledger.closed_channels(one.customer)
    assert "bounced" == one.row.delivery


def test_the_link_in_a_notice_ends_e_mails_for_the_person(worker: Worker) -> None:
    """The same link and header as in every other e-mail."""
    one = Announced(worker)
    one.told()
    wish = CustomerChose(
        provider="preferences",
        event_id=f"w-{one.customer}",
        event_type="chosen",
        at=one.at,
        contact=one.key,
        stop=(Channel.EMAIL,),
    )

    assert [] == of_choice(worker.ledger, wish)

    assert {Channel.EMAIL: "opted out"} == worker.ledger.closed_channels(one.customer)
