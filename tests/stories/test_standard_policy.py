"""Lives of cases under the standard policy, told by date, on the real server."""

from domain.case import Outcome
from domain.money import Money
from sandbox.play.stage import Scene
from sandbox.providers.stripe_outcomes import APPROVE, AUTHENTICATION_REQUIRED, Decline
from workflows.messages import CaseView

NO_MONEY = Decline("insufficient_funds")


def told(view: CaseView) -> list[str]:
    """The record without its clock times: `04-04 friendly e-mail on day 3: sent`."""
    return [f"{entry.at:%m-%d} {entry}" for entry in view.record]


async def test_failure_5_a_case_that_nobody_pays_ends_as_announced(stage: Scene) -> None:
    """The whole timeline: six retries, seven messages, restriction, cancellation, handoff, and then an end."""
    case = await stage.open(Decline("generic_decline"), amount=20_000)

    result = await case.finish()

    assert Outcome.COLLECTIONS == result.outcome
    assert [
        "04-01 case opened: 200.00 USD due by policy standard@1",
        "04-02 retry on day 1: declined, generic_decline",
        "04-04 retry on day 3: declined, generic_decline",
        "04-04 friendly e-mail on day 3: sent",
        "04-04 friendly in-app notice on day 3: sent",
        "04-06 retry on day 5: declined, generic_decline",
        "04-06 reminder SMS on day 5: sent",
        "04-08 retry on day 7: declined, generic_decline",
        "04-08 reminder e-mail on day 7: sent",
        "04-11 retry on day 10: declined, generic_decline",
        "04-11 firm e-mail on day 10: sent",
        "04-11 service read-only on day 10: done",
        "04-15 retry on day 14: declined, generic_decline",
        "04-22 final e-mail on day 21: sent",
        "04-22 final SMS on day 21: sent",
        "04-29 subscription cancelled on day 28: done",
        "04-29 handoff to collections on day 28: done",
        "05-04 handoff repeated: done",
        "05-13 closed as collections: 14 days with the agency are over",
    ] == told(await case.status())


async def test_failure_9_and_16_six_retries_and_not_one_more(stage: Scene) -> None:
    """The policy's six retries, each once, each under its own key."""
    case = await stage.open(NO_MONEY, amount=1_000)

    result = await case.finish()

    assert Outcome.WRITTEN_OFF == result.outcome
    assert [f"dun:{case.invoice}:{n}" for n in range(1, 7)] == [entry.key for entry in case.charges]
    assert "uncollectible" == stage.world.stripe.get(case.invoice)["status"]


async def test_insufficient_funds_wait_for_the_likely_payday(stage: Scene) -> None:
    """The try of Thursday, day 3, moves to Friday; the message stays on its day and names the new date."""
    case = await stage.open(NO_MONEY)

    view = await case.until("2030-04-04 12:00")

    assert "retry 2 of 6: insufficient funds, likely payday Fri 5 Apr" in view.why
    assert "April 5, 2030" in case.mails[-1]


async def test_money_on_payday_recovers_the_invoice_and_everything_stops(stage: Scene) -> None:
    """Recovered on day 4; the charge that went through is the last thing the customer's card or inbox saw of us."""
    case = await stage.open(NO_MONEY)
    await case.until("2030-04-04 12:00")
    stage.world.stripe.set_behaviour(case.card, APPROVE)

    result = await case.finish()

    assert (Outcome.RECOVERED, 2) == (result.outcome, result.attempts)
    assert "2030-04-05" == result.closed_at.date().isoformat()
    assert ["d03-remind-email-friendly:email", "d03-remind-notice-friendly:notice"] == sorted(case.messages)


async def test_an_expired_card_is_not_charged_and_a_new_one_at_once(stage: Scene) -> None:
    """The mail asks at once; no try is made on the old card; the new card is tried within the minute."""
    case = await stage.open(Decline("expired_card"), country="GB", zone="Europe/London")
    await case.until("2030-04-03 12:00")
    assert ["ask-0:email"] == case.messages
    assert [] == case.charges

    stage.world.stripe.add_card(case.customer, behaviour=APPROVE)
    await case.deliver()
    result = await case.handle.result()

    assert Outcome.RECOVERED == result.outcome
    assert 1 == len(case.charges)


async def test_a_declined_new_card_goes_on_with_the_timeline(stage: Scene) -> None:
    """Failure 6: a hard decline on one card does not stop the tries on the next; the immediate try costs no budget."""
    case = await stage.open(Decline("lost_card"))
    await case.until("2030-04-05 12:00")
    stage.world.stripe.add_card(case.customer, behaviour=Decline("generic_decline"))
    await case.deliver()

    view = await case.until("2030-04-06 18:00")

    assert (2, 1) == (view.attempts, view.counting_attempts)
    assert "retry 2 of 4: generic decline" in (await case.until("2030-04-07 12:00")).why


async def test_technical_faults_are_tried_again_quickly(stage: Scene) -> None:
    """Half an hour, four hours, a day after the fault, beside the timeline's own tries."""
    case = await stage.open(Decline("processing_error"))

    view = await case.until("2030-04-01 12:00")

    assert ["q1-charge", "q2-charge"] == [key for key in view.steps if key.startswith("q")]
    assert (2, 0) == (view.attempts, view.counting_attempts)


async def test_authentication_is_asked_for_and_done(stage: Scene) -> None:
    """No silent retry; the customer authenticates, Stripe reports the payment, the case is recovered."""
    case = await stage.open(AUTHENTICATION_REQUIRED, country="DE", zone="Europe/Berlin")
    await case.until("2030-04-05 12:00")
    assert [] == case.charges

    stage.world.stripe.customer_authenticates(case.invoice)
    await case.deliver()

    assert Outcome.RECOVERED == (await case.handle.result()).outcome


async def test_contacts_wait_for_the_end_of_the_holidays(stage: Scene) -> None:
    """Easter Sunday and Monday, 21 and 22 April 2030, hear nothing from us in Germany."""
    case = await stage.open(Decline("generic_decline"), country="DE", zone="Europe/Berlin")

    view = await case.until("2030-04-30 12:00")

    assert ["04-23 final SMS on day 21: sent", "04-23 final e-mail on day 21: sent"] == sorted(
        line for line in told(view) if "final" in line and "sent" in line
    )
    # The announced end moves along: seven days after the notice.
    assert "04-30 subscription cancelled on day 28: done" in told(view)


async def test_failure_3_a_part_payment_moves_no_date(stage: Scene) -> None:
    """The amount falls, the timeline stays, the next message names what is left."""
    case = await stage.open(Decline("generic_decline"), amount=10_000)
    await case.until("2030-04-05 12:00")
    before = await case.status()
    stage.world.stripe.customer_pays(case.invoice, 4_000)
    after = await case.deliver()

    await case.until("2030-04-08 12:00")

    assert Money(amount=6_000, currency="USD") == after.due
    assert before.next_at == after.next_at
    assert "$60.00" in case.mails[-1]


async def test_failure_10_the_customers_own_tries_cost_no_budget(stage: Scene) -> None:
    """Two failed tries of the customer are known to the case, and it still makes all six of its own."""
    case = await stage.open(Decline("generic_decline"), amount=1_000)
    await case.until("2030-04-05 12:00")
    for _ in range(2):
        stage.world.stripe.customer_tries(case.invoice)
        await case.deliver()

    await case.finish()

    assert 6 == len(case.charges)
    assert 2 == sum("not ours" in line for line in told(await case.status()))


async def test_failure_12_no_payment_failed_mail_without_a_card(stage: Scene) -> None:
    """Where nothing was tried, the mail says that no payment method is on file, and nothing is charged."""
    case = await stage.open(None)

    await case.until("2030-04-05 12:00")

    assert [] == case.charges
    assert "payment method" in case.mails[0]
    assert not any("did not go through" in mail or "could not collect" in mail for mail in case.mails)


async def test_failure_13_nothing_is_charged_after_a_void(stage: Scene) -> None:
    """The merchant voids the invoice: the case ends as cancelled and the card is left alone."""
    case = await stage.open(Decline("generic_decline"))
    await case.until("2030-04-05 12:00")
    stage.world.stripe.void(case.invoice)
    await case.deliver()

    assert Outcome.CANCELLED == (await case.handle.result()).outcome
    assert 2 == len(case.charges)


async def test_failure_14_no_message_promises_a_try_that_will_not_come(stage: Scene) -> None:
    """After the last retry no mail says that we will try again; each mail's link is the one that works now."""
    case = await stage.open(Decline("generic_decline"))

    await case.until("2030-04-29 09:00")

    link = stage.world.stripe.get(case.invoice)["hosted_invoice_url"]
    assert "try again" in case.mails[0]
    assert "try again" not in case.mails[-1]
    assert all(link in mail for mail in case.mails)
