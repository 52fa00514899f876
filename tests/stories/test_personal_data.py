"""No personal data reaches Temporal: canaries in every personal field, searched for in the raw history."""

from domain import events
from domain.steps import Channel
from sandbox.play.stage import Scene
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import Decline

NAME = "Zephyrine Quackenbush"
PHONE = "+15005557312"


async def test_a_history_knows_no_name_no_address_and_no_number(stage: Scene) -> None:
    """A whole life, with failures on every channel: inputs, results, failures, summaries and attributes stay clean."""
    case = await stage.open(Decline("generic_decline"), amount=20_000, name=NAME, phone=PHONE)
    email = str(stage.world.stripe.get(case.customer)["email"])
    stage.world.faults.add("sendgrid", r"POST /v3/mail/send", Mode.ERROR)
    stage.world.twilio.landline(PHONE)
    await case.until("2030-04-12 12:00")
    bounced = events.ContactReported(event_id="evt_b", channel=Channel.EMAIL, result=events.ContactResult.BOUNCED)
    await case.tell("contact_reported", bounced)
    # No final notice reaches the customer: the end waits for a human.
    await case.until("2030-04-30 12:00")
    await case.handle.execute_update("resume", events.Resume(note="told by letter"))
    await case.finish()

    raw = b"".join([event.SerializeToString() async for event in case.handle.fetch_history_events()])
    described = (await case.handle.describe()).raw_description.SerializeToString()

    for secret in (NAME, "Zephyrine", "Quackenbush", PHONE, PHONE[1:], email, email.partition("@")[0]):
        assert secret.encode() not in raw + described
    assert case.invoice.encode() in raw
