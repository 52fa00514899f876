"""Two unpaid invoices of one customer: one access, one conversation."""

import asyncio

from domain.case import Outcome
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.journal import CONTACTS
from sandbox.providers.stripe_outcomes import Decline

DECLINED = Decline("generic_decline")


async def two_invoices(stage: Scene, amount: int = 4_000) -> tuple[StagedCase, StagedCase]:
    """Both failed on the same day; the cases have clocks of their own. `amount`: cents of the second one."""
    first = await stage.open(DECLINED)
    return first, await stage.open_another(first, amount=amount)


async def paid(stage: Scene, case: StagedCase) -> Outcome:
    """How the case ends when its invoice is paid."""
    stage.world.stripe.customer_pays(case.invoice)
    await stage.deliver(await case.now())
    return (await asyncio.wait_for(case.handle.result(), timeout=30)).outcome


async def test_the_service_returns_with_the_last_of_two_payments(stage: Scene) -> None:
    """Both invoices of a subscription restrict it on day 10; paying one of them restores nothing."""
    first, second = await two_invoices(stage)
    await first.until("2030-04-12 12:00")
    await second.until("2030-04-12 12:00")
    levels = [stage.world.merchant.access(first.customer)]

    for case in (first, second):
        assert Outcome.RECOVERED is await paid(stage, case)
        levels.append(stage.world.merchant.access(first.customer))

    assert ["read_only", "read_only", "full"] == levels


async def test_two_invoices_are_one_conversation(stage: Scene) -> None:
    """Until the final notices each message goes out once, names both invoices, and both cases have it done."""
    first, second = await two_invoices(stage)
    for day in range(2, 14):
        for case in (first, second):
            await case.until(f"2030-04-{day:02} 21:00")
    accepted = {e.key for case in (first, second) for e in case.log if e.kind in CONTACTS and e.key}

    said = ["d03-remind-email-friendly", "d03-remind-notice-friendly", "d05-remind-sms-reminder"]
    said += ["d07-remind-email-reminder", "d10-remind-email-firm"]
    assert sorted(said) == sorted(key.split(":")[2] for key in accepted)
    numbers = [stage.world.stripe.get(case.invoice)["number"] for case in (first, second)]
    assert all(number in mail for mail in first.mails for number in numbers)
    for case in (first, second):
        done = {entry.step for entry in stage.ledger.record(case.invoice) if _is_said(entry.what)}
        assert {*said} == done


async def test_two_final_notices_of_one_day_are_one_conversation(stage: Scene) -> None:
    """Both cases end on the announced day, by one mail and one text message."""
    first, second = await two_invoices(stage, amount=6_000)
    for day in range(20, 24):
        for case in (first, second):
            await case.until(f"2030-04-{day:02} 21:00")

    finals = [key for case in (first, second) for key in case.messages if "final" in key]
    assert ["d21-remind-email-final:email", "d21-remind-sms-final:sms"] == sorted(finals)
    assert 1 == len([mail for mail in first.mails if "This is the final notice" in mail and "as well" in mail])
    ends = [await case.finish() for case in (first, second)]
    assert ends[0].outcome is ends[1].outcome


def _is_said(what: str) -> bool:
    return what.endswith(" sent") or " said with in_" in what
