"""Typical cases, run to their end on a stage: what history they cost, and what later releases must still replay."""

import asyncio
from collections.abc import Awaitable, Callable

from domain import events
from domain.steps import Channel
from gateways.ledger.database import open_database
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import APPROVE, AUTHENTICATION_REQUIRED, Decline, Outcome

Play = Callable[[Scene], Awaitable[StagedCase]]


def _nobody_pays(behaviour: Outcome, amount: int = 20_000) -> Play:
    async def play(stage: Scene) -> StagedCase:
        case = await stage.open(behaviour, amount=amount)
        await case.finish()
        return case

    return play


NOBODY_PAYS: dict[str, Play] = {
    "declined, to collections": _nobody_pays(Decline("generic_decline")),
    "declined, too small for collections": _nobody_pays(Decline("generic_decline"), amount=1_000),
    "no funds, tries on paydays": _nobody_pays(Decline("insufficient_funds")),
    "expired card": _nobody_pays(Decline("expired_card")),
    "lost card": _nobody_pays(Decline("lost_card")),
    "wrong security code": _nobody_pays(Decline("incorrect_cvc")),
    "authentication never done": _nobody_pays(AUTHENTICATION_REQUIRED),
    "technical fault that stays": _nobody_pays(Decline("processing_error")),
}
"""Eight cases of the standard policy in which the customer does nothing at all."""


async def _paid_on_payday(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("insufficient_funds"))
    await case.until("2030-04-04 12:00")
    stage.world.stripe.set_behaviour(case.card, APPROVE)
    await case.finish()
    return case


async def _new_card(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("expired_card"))
    await case.until("2030-04-04 12:00")
    stage.world.stripe.add_card(case.customer, behaviour=APPROVE)
    await case.deliver()
    await case.handle.result()
    return case


async def _paused_then_settled(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"))
    await case.until("2030-04-05 12:00")
    await case.handle.execute_update("pause", events.Pause(by="mia"))
    await case.until("2030-04-12 12:00")
    await case.handle.signal("resume", {"by": "mia"})
    await case.until("2030-04-20 12:00")
    await case.handle.signal("settle", {"amount": {"amount": 3000, "currency": "USD"}, "by": "mia"})
    await case.handle.result()
    return case


async def _bounced_disputed_and_paid(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"), amount=10_000)
    await case.until("2030-04-04 12:00")
    bounced = events.ContactReported(event_id="evt_b", channel=Channel.EMAIL, result=events.ContactResult.BOUNCED)
    await case.tell("contact_reported", bounced)
    await case.handle.signal("pay_me", {})
    await case.until("2030-04-08 12:00")
    await case.tell("dispute_opened", events.DisputeOpened(event_id="evt_d"))
    await case.until("2030-04-15 12:00")
    won = events.DisputeClosed(event_id="evt_w", outcome=events.DisputeOutcome.WON)
    await case.tell("dispute_closed", won)
    await case.until("2030-04-22 12:00")
    stage.world.stripe.customer_pays(case.invoice, 4_000)
    await case.deliver()
    stage.world.stripe.customer_pays(case.invoice)
    await case.deliver()
    await case.handle.result()
    return case


async def _misuse_then_agency(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"), amount=20_000)
    await case.until("2030-04-01 12:00")
    invoice = stage.world.stripe.store.take_out(case.invoice)
    await case.until("2030-04-03 12:00")
    stage.world.stripe.store.put(invoice)
    await case.handle.execute_update("resume", events.Resume(by="mia"))
    await case.until("2030-05-03 12:00")
    said = events.AgencyReported(event_id="evt_a", report=events.AgencyReport.ACKNOWLEDGED)
    await case.tell("agency_reported", said)
    stage.world.stripe.customer_pays(case.invoice)
    await case.deliver()
    await case.handle.result()
    return case


async def _paid_in_parts(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"), amount=10_000)
    await case.until("2030-04-05 12:00")
    stage.world.stripe.customer_pays(case.invoice, 4_000)
    await case.deliver()
    await case.until("2030-04-12 12:00")
    stage.world.stripe.credit(case.invoice, 1_000)
    await case.deliver()
    await case.until("2030-04-20 12:00")
    stage.world.stripe.customer_pays(case.invoice)
    await case.deliver()
    await case.handle.result()
    return case


async def _voided(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"))
    await case.until("2030-04-11 20:00")
    stage.world.stripe.void(case.invoice)
    await case.deliver()
    await case.handle.result()
    return case


async def _own_tries_then_authenticated(stage: Scene) -> StagedCase:
    case = await stage.open(AUTHENTICATION_REQUIRED, country="DE", zone="Europe/Berlin")
    await case.until("2030-04-03 12:00")
    stage.world.stripe.customer_tries(case.invoice)
    await case.deliver()
    await case.until("2030-04-05 12:00")
    stage.world.stripe.customer_authenticates(case.invoice)
    await case.deliver()
    await case.handle.result()
    return case


async def _opted_out(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"), amount=1_000, phone="+15005550078")
    stage.world.twilio.opt_out("+15005550078")
    await case.finish()
    return case


async def _put_off_by_the_network(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"), amount=1_000, brand="mastercard")
    await case.until("2030-04-05 23:00")
    for _ in range(10):
        stage.world.stripe.customer_tries(case.invoice)
    await case.deliver()
    await case.finish()
    return case


async def _given_back_by_the_agency(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"), amount=20_000)
    await case.until("2030-05-03 12:00")
    for number, report in enumerate((events.AgencyReport.ACKNOWLEDGED, events.AgencyReport.RETURNED)):
        await case.tell("agency_reported", events.AgencyReported(event_id=f"evt_{number}", report=report))
    await case.handle.result()
    return case


async def _cancelled_in_temporal(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"))
    await case.until("2030-04-12 12:00")
    await case.handle.cancel()
    await case.handle.result()
    return case


async def _provider_away(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"), amount=1_000)
    await case.until("2030-04-11 08:00")
    stage.world.faults.add("merchant", "POST /", Mode.ERROR, times=1_000)
    await case.until("2030-04-12 12:00")
    stage.world.faults.clear()
    await case.finish()
    return case


async def _ledger_away(stage: Scene) -> StagedCase:
    case = await stage.open(Decline("generic_decline"), amount=1_000)
    await case.until("2030-04-05 12:00")
    busy = open_database(stage.settings.dunning_database_url).execution_options(writes=True)
    with busy.connect() as connection, connection.begin():
        moving = asyncio.create_task(case.until("2030-04-07 12:00"))
        while not await case.busy_with("decide"):
            await asyncio.sleep(0.05)
    await moving
    await case.finish()
    return case


TOLD: dict[str, Play] = {
    "paid on payday": _paid_on_payday,
    "new card": _new_card,
    "paused, then settled": _paused_then_settled,
    "bounced, disputed and paid": _bounced_disputed_and_paid,
    "misuse, then agency": _misuse_then_agency,
    "paid in parts": _paid_in_parts,
    "voided": _voided,
    "own tries, then authenticated": _own_tries_then_authenticated,
    "opted out": _opted_out,
    "put off by the network": _put_off_by_the_network,
    "given back by the agency": _given_back_by_the_agency,
    "cancelled in Temporal": _cancelled_in_temporal,
    "provider away": _provider_away,
    "ledger away": _ledger_away,
}
"""Cases that are told things by customers, operators and the agency."""

ALL: dict[str, Play] = {**NOBODY_PAYS, **TOLD}
