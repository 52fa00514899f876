"""What comes in between: payments, disputes, opt-outs, duplicates and news that cannot be read."""

from datetime import timedelta

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from domain import events
from domain.case import CaseStatus, Outcome
from domain.money import Money
from domain.steps import Channel
from sandbox.play.stage import Scene
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Decline

DECLINED = Decline("generic_decline")


async def test_failure_11_after_the_payment_there_is_silence_and_full_service(stage: Scene) -> None:
    """A payment while the service is restricted: no further charge or contact, then access, then the end."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-12 12:00")
    assert "read_only" == stage.world.merchant.access(case.customer)
    before = (len(case.charges), len(case.messages))

    stage.world.stripe.customer_pays(case.invoice)
    await case.deliver()
    result = await case.handle.result()

    assert Outcome.RECOVERED == result.outcome
    assert before == (len(case.charges), len(case.messages))
    assert "full" == stage.world.merchant.access(case.customer)


async def test_the_same_news_twice_late_and_out_of_order_changes_nothing(stage: Scene) -> None:
    """Two part payments, told three times in the wrong order, are two part payments."""
    case = await stage.open(DECLINED, amount=10_000)
    await case.until("2030-04-03 12:00")
    first = paid("evt_a", 3_000, remaining=7_000)
    second = paid("evt_b", 2_000, remaining=5_000)

    for fact in (second, first, second):
        view = await case.tell("payment_received", fact)

    assert Money(amount=5_000, currency="USD") == view.due


async def test_failure_2_a_reminder_is_sent_once_however_often_the_case_wakes(stage: Scene) -> None:
    """Twenty signals on the day of the reminder are twenty wake-ups and one reminder."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-04 12:00")

    for number in range(20):
        fact = events.ContactReported(
            event_id=f"evt_{number}", channel=Channel.EMAIL, result=events.ContactResult.DELIVERED
        )
        await case.tell("contact_reported", fact)
    await case.until("2030-04-05 20:00")

    assert ["d03-remind-email-friendly:email", "d03-remind-notice-friendly:notice"] == sorted(case.messages)


async def test_a_dispute_halts_everything_and_a_won_one_lets_it_go_on(stage: Scene) -> None:
    """Ten silent days; the timeline then goes on where it stood, as many days later."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-05 12:00")
    await case.tell("dispute_opened", events.DisputeOpened(event_id="evt_d1"))
    held = await case.until("2030-04-15 12:00")
    assert CaseStatus.ON_HOLD == held.status
    assert 2 == len(case.charges)

    view = await case.tell("dispute_closed", events.DisputeClosed(event_id="evt_d2", outcome=events.DisputeOutcome.WON))

    assert view.next_at is not None
    assert "2030-04-16" == view.next_at.date().isoformat()


async def test_a_lost_dispute_ends_the_case(stage: Scene) -> None:
    """The customer need not pay: cancelled, without another charge."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-05 12:00")
    await case.tell("dispute_opened", events.DisputeOpened(event_id="evt_d1"))

    await case.tell("dispute_closed", events.DisputeClosed(event_id="evt_d2", outcome=events.DisputeOutcome.LOST))

    assert Outcome.CANCELLED == (await case.handle.result()).outcome


async def test_failure_17_a_bounced_address_leaves_nothing_queued(stage: Scene) -> None:
    """E-mail goes to SMS from then on; what the SMS of the same day says already is recorded as skipped."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-04 12:00")
    bounced = events.ContactReported(event_id="evt_bounce", channel=Channel.EMAIL, result=events.ContactResult.BOUNCED)
    await case.tell("contact_reported", bounced)

    view = await case.until("2030-04-23 12:00")

    assert [
        "d03-remind-email-friendly:email",
        "d03-remind-notice-friendly:notice",
        "d05-remind-sms-reminder:sms",
        "d07-remind-email-reminder:sms",
        "d10-remind-email-firm:sms",
        "d21-remind-sms-final:sms",
    ] == sorted(case.messages)
    assert view.steps["d21-remind-email-final"].startswith("skipped: e-mail is closed")


async def test_an_opted_out_number_is_not_written_to_again(stage: Scene) -> None:
    """Twilio refuses (21610): the message goes by e-mail, and no further SMS is tried."""
    case = await stage.open(DECLINED, phone="+15005550077")
    stage.world.twilio.opt_out("+15005550077")

    await case.until("2030-04-23 12:00")

    assert "d05-remind-sms-reminder:email" in case.messages
    assert not [message for message in case.messages if message.endswith(":sms")]


async def test_signals_that_cannot_be_read_are_recorded_and_harmless(stage: Scene) -> None:
    """Not JSON, a wrong field, no such signal, two payloads: each leaves a line, and the case goes on."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-03 12:00")
    waiting = (await case.status()).next_at

    broken = Payload(metadata={"encoding": b"json/plain"}, data=b"{not json")
    await case.handle.signal("payment_received", RawValue(broken))
    await case.handle.signal("payment_received", {"event_id": "evt_1", "amount": "ten"})
    await case.handle.signal("pay_me", {"event_id": "evt_2"})
    await case.handle.signal("pause", args=[{"by": "a"}, {"by": "b"}])
    view = await case.decided()

    lines = [str(entry) for entry in view.record if "not carried out" in entry.why]
    assert 4 == len(lines)
    assert "payload is not JSON" in lines[0]
    assert "amount" in lines[1]
    assert "known are payment_received" in lines[2]
    assert "2 payloads" in lines[3]
    assert waiting == view.next_at


async def test_what_cannot_be_read_is_not_repeated(stage: Scene) -> None:
    """The journal and the ledger hold no personal data, wherever in a signal somebody has put it."""
    case = await stage.open(DECLINED)
    for money in ({"amount": 1, "currency": "ada@example.com"}, {"amount": 1, "currency": "USD", "ada@example.com": 1}):
        await case.handle.signal("settle", {"amount": money})
    view = await case.status()

    assert "settle not carried out: amount.currency: it is not an ISO 4217" in view.record[-2].why
    assert "settle not carried out: amount: a key is unknown; use amount or currency; write it" in view.record[-1].why
    assert not [entry for entry in view.record if "ada@" in str(entry)]


async def test_a_bank_debit_on_its_way_is_waited_for(stage: Scene) -> None:
    """Nothing is charged or said while the debit is processing; when it fails, the timeline goes on."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-02 20:00")
    debit = stage.world.stripe.add_bank_debit(case.customer, behaviour=PROCESSING)
    await case.deliver()
    held = await case.until("2030-04-08 12:00")
    assert CaseStatus.ON_HOLD == held.status
    assert 2 == len(case.charges)

    stage.world.stripe.set_behaviour(debit, APPROVE)
    stage.world.stripe.finish_processing(case.invoice, Decline("insufficient_funds"))
    await case.deliver()
    result = await case.finish()

    assert Outcome.RECOVERED == result.outcome


async def test_failure_1_reminders_missed_in_an_outage_are_not_lost_and_not_all_sent(stage: Scene) -> None:
    """Twelve days nobody ran the system: one charge, the newest message, the others recorded as skipped."""
    now = await (await stage.open(DECLINED)).now()
    # A country without public holidays: around one of them today's date would decide which message is the newest.
    case = await stage.open(DECLINED, country="", start=now - timedelta(days=12), as_if_then=True)

    view = await case.until(now + timedelta(days=3))

    assert view.steps["d10-charge"].startswith("done")
    assert ["d10-remind-email-firm:email"] == case.messages[:1]
    assert view.steps["d03-remind-email-friendly"].startswith("skipped: missed while the system was down")
    for key in ("d01-charge", "d03-charge", "d05-charge", "d07-charge"):
        assert view.steps[key].startswith("skipped")


def paid(event: str, amount: int, remaining: int) -> events.PaymentReceived:
    return events.PaymentReceived(
        event_id=event,
        amount=Money(amount=amount, currency="USD"),
        remaining=Money(amount=remaining, currency="USD"),
    )
