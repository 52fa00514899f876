"""What the merchant's systems are told of whole lives, on the real server."""

from domain import events
from domain.case import Outcome
from domain.outbox import CaseRef, body
from sandbox.play.stage import Scene
from sandbox.providers.stripe_outcomes import Decline
from tests.told import told

DECLINED = Decline("generic_decline")


async def test_a_case_that_nobody_pays_is_told_from_its_opening_to_its_end(stage: Scene) -> None:
    """Whatever is done, in its order, and once."""
    case = await stage.open(DECLINED, amount=20_000)
    await case.finish()

    assert [
        "04-01 case.opened",
        "04-02 charge.declined",
        "04-04 charge.declined",
        "04-04 contact.sent",
        "04-04 contact.sent",
        "04-06 charge.declined",
        "04-06 contact.sent",
        "04-08 charge.declined",
        "04-08 contact.sent",
        "04-11 charge.declined",
        "04-11 contact.sent",
        "04-11 service.restricted",
        "04-15 charge.declined",
        "04-22 contact.sent",
        "04-22 contact.sent",
        "04-29 subscription.cancelled",
        "04-29 case.handed_off",
        "04-29 contact.sent",
        "05-04 case.handed_off",
        "05-13 case.closed",
    ] == [f"{event.at:%m-%d} {event.type}" for event in told(stage.ledger, case.invoice)]


async def test_a_case_that_an_operator_pauses_and_the_customer_pays(stage: Scene) -> None:
    """Nothing of what the operator wrote goes out."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-12 12:00")
    await case.handle.execute_update("pause", events.Pause(by="Grace Hopper", note="Ada Lovelace called"))
    await case.handle.execute_update("resume", events.Resume(by="Grace Hopper", note="Ada Lovelace will pay"))
    paid = events.PaymentReceived(event_id="evt_bank", amount="50.00 USD", remaining="0.00 USD")
    await case.handle.signal("payment_received", paid)
    result = await case.handle.result()
    found = told(stage.ledger, case.invoice)
    ref = CaseRef(invoice=case.invoice, customer=case.customer, subscription=None, policy="standard@1")
    sent = " ".join(body(event, ref) for event in found)

    assert Outcome.RECOVERED == result.outcome
    last = [event.type for event in found if event.type.partition(".")[0] in ("case", "payment", "service")]
    assert ["case.held", "case.resumed", "payment.received", "case.recovered", "service.restored", "case.closed"] == (
        last[-6:]
    )
    assert not [name for name in ("Grace", "Hopper", "Ada", "Lovelace", "called") if name in sent]
