"""What goes wrong around an automatic call loses no key, and says nothing that is not so."""

from datetime import timedelta
from typing import Any

import pytest

from domain.calls import AUTOMATIC, CallResult, MadeBy, Offer, TaskState
from domain.steps import Channel
from gateways.ports.consents import OTHER_NUMBER
from gateways.ports.trouble import ProviderMisuse
from sandbox.providers.twilio_voice import Answers, Call
from service.call_results import CallResults
from service.requests import WrongRequest
from tests.activities.builders import OpenCase
from tests.activities.test_calls import DAY
from tests.activities.voice_exchange import CALLER, Exchange, exchange

__all__ = ["exchange"]


class Told:
    """Cases that can be told everything."""

    async def tell(self, *_: Any) -> None:
        return None


async def with_trouble(exchange: Exchange, stage: str, answers: Answers, **task: Any) -> tuple[OpenCase, str, Call]:
    """A call in which Stripe answers nothing from a stage on."""
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case, **task)
    exchange.look(call)
    asks = exchange.asks

    async def then(url: str, fields: dict[str, str], headers: dict[str, str]) -> str:
        if url.endswith(stage):
            exchange.worker.world.faults.add("stripe", "GET /v1/invoices", "500", times=9)
        return await asks(url, fields, headers)

    exchange.asks = then  # type: ignore[method-assign]
    try:
        made = await exchange.play(case, answers)
    finally:
        exchange.worker.world.faults.clear()
    return case, call, made


@pytest.mark.parametrize(
    ("keys", "stage", "result"),
    [
        ("9", "who", CallResult.OPTED_OUT),
        ("2", "who", CallResult.WRONG_NUMBER),
        ("19", "wish", CallResult.OPTED_OUT),
        ("11", "wish", CallResult.PAY_LINK),
        ("12", "wish", CallResult.CALL_BACK),
    ],
)
async def test_a_key_is_kept_and_answered_though_stripe_is_silent(
    exchange: Exchange, keys: str, stage: str, result: CallResult
) -> None:
    case, call, made = await with_trouble(exchange, stage, Answers(keys=keys))

    assert result is exchange.look(call)
    assert "Thank you" in made.heard[-1][1]
    closed = exchange.ledger.closed_channels(case.customer_id)
    assert (Channel.PHONE in closed) is (result in (CallResult.OPTED_OUT, CallResult.WRONG_NUMBER))


@pytest.mark.parametrize(
    ("answers", "stage"), [(Answers(keys="1"), "who"), (Answers(by="machine_end_beep"), "answered")]
)
async def test_a_conversation_that_did_not_happen_is_none(exchange: Exchange, answers: Answers, stage: str) -> None:
    """Neither was the customer spoken to, nor has a machine heard anything."""
    _, call, _ = await with_trouble(exchange, stage, answers)

    assert CallResult.NO_ANSWER is exchange.look(call)
    assert [False] == [one.confirmed for one in exchange.ledger.calls_of(call)]


async def test_who_asks_for_no_more_calls_is_no_conversation_with_the_customer(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    exchange.look(call)
    await exchange.play(case, Answers(keys="9"))

    assert [False] == exchange.conversations(call)


@pytest.mark.parametrize(("keys", "result"), [("11", CallResult.PAY_LINK), ("12", CallResult.CALL_BACK)])
async def test_who_presses_a_key_and_hangs_up_is_heard(exchange: Exchange, keys: str, result: CallResult) -> None:
    """That the call is over may be told before its last key."""
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    exchange.look(call)
    asks = exchange.asks

    async def overtaken(url: str, fields: dict[str, str], headers: dict[str, str]) -> str:
        if url.endswith("/wish"):
            exchange.talk.over(call, 1)
        return await asks(url, fields, headers)

    exchange.asks = overtaken  # type: ignore[method-assign]
    await exchange.play(case, Answers(keys=keys))

    assert result is exchange.look(call)


async def test_a_machine_is_not_asked_to_call_back_about_what_was_paid(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    exchange.look(call)
    exchange.worker.world.stripe.pay_out_of_band(case.invoice_id)
    made = await exchange.play(case, Answers(by="machine_end_beep"))

    assert [] == made.heard
    assert CallResult.NO_ANSWER is exchange.look(call)


@pytest.mark.parametrize("by", [MadeBy.MACHINE, MadeBy.MACHINE_OR_PERSON])
async def test_who_wants_a_person_gets_one_though_the_tasks_days_were_over_before_it_was_told(
    exchange: Exchange, by: MadeBy
) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case, by=by)
    exchange.look(call)
    await exchange.play(case, Answers(keys="12"))
    row = exchange.ledger.call_task(call)
    assert row is not None
    exchange.now = row.until + timedelta(seconds=5)
    exchange.ledger.calls_over(exchange.now)
    [(row, _)] = [each for each in exchange.ledger.untold_calls() if each[0].call_id == call]
    at = exchange.voice.call_back_at(row)
    await CallResults(exchange.ledger, exchange.calls, Told()).say_automatically(  # type: ignore[arg-type]
        call, CallResult.CALL_BACK, at
    )

    row = exchange.ledger.call_task(call)
    assert row is not None
    assert (TaskState.OPEN, MadeBy.PERSON, at) == (row.state, row.made_by, row.call_from)
    assert ["call.due"] == [each for each in exchange.events(case) if each.startswith("call.")]


async def test_what_cannot_be_told_for_a_day_keeps_no_task_for_ever(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    exchange.look(call)
    row = exchange.ledger.call_task(call)
    assert row is not None
    exchange.ledger.calls_over(row.until + DAY)

    assert TaskState.EXPIRED is exchange.state(call)


async def test_nobody_speaks_for_the_automatic_service(exchange: Exchange) -> None:
    call = exchange.automatic(exchange.agreed(exchange.case()))
    exchange.look(call)
    results = CallResults(exchange.ledger, exchange.calls, Told())  # type: ignore[arg-type]
    with pytest.raises(WrongRequest, match="by itself"):
        exchange.calls.give_back(call, f" {AUTOMATIC}")
    with pytest.raises(WrongRequest, match="by itself"):
        await results.say(call, AUTOMATIC, CallResult.REACHED)

    assert [(False, None)] == [(one.given_back, one.result) for one in exchange.ledger.calls_of(call)]


async def test_an_account_that_cannot_call_is_tried_again_later_and_not_once_for_each_task(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [exchange.automatic(exchange.agreed(exchange.case())) for _ in range(3)]
    monkeypatch.setattr(exchange.ledger, "automatic_calls", lambda _, after: [] if after else rows)
    monkeypatch.setattr(exchange.ledger, "untold_calls", list)
    rows = [row for call in calls if (row := exchange.ledger.call_task(call))]

    async def nobody() -> Any:
        raise AssertionError("there is nothing to be told")

    with monkeypatch.context() as then:
        then.delitem(exchange.worker.world.twilio.numbers, CALLER)
        for _ in range(5):
            await exchange.voice.round(nobody, exchange.threads)
    tried = [len(exchange.ledger.calls_of(call)) for call in calls]
    assert 1 == sum(tried)
    case = next(row.invoice_id for row, count in zip(rows, tried, strict=True) if count)
    assert "check TWILIO_VOICE_FROM" in exchange.ledger.record(case)[-1].why

    exchange.now += timedelta(minutes=16)
    await exchange.voice.round(nobody, exchange.threads)
    assert 3 == len(exchange.twilio.calls)


async def test_an_invoice_that_nobody_can_read_keeps_no_other_from_being_called(exchange: Exchange) -> None:
    gone, there = (exchange.automatic(exchange.agreed(exchange.case())) for _ in range(2))
    [row] = exchange.tasks(gone)
    exchange.worker.world.faults.add("stripe", f"GET /v1/invoices/{row.invoice_id}", "500", times=9)
    try:
        for call in (gone, there):
            [row] = exchange.tasks(call)
            await exchange.threads.run(exchange.voice.attempt, row)
    finally:
        exchange.worker.world.faults.clear()

    assert [TaskState.OPEN, TaskState.TAKEN] == [exchange.state(call) for call in (gone, there)]


@pytest.mark.parametrize("code", [21205, 21299])
def test_a_refusal_that_nobody_knows_withdraws_no_call(exchange: Exchange, code: int) -> None:
    """It may be about our own settings."""
    call = exchange.automatic(exchange.agreed(exchange.case()))
    exchange.twilio.refuses = code
    try:
        with pytest.raises(ProviderMisuse):
            exchange.look(call)
    finally:
        exchange.twilio.refuses = None

    assert TaskState.OPEN is exchange.state(call)


@pytest.mark.parametrize("stated_with", ["a number", "none"])
def test_a_consent_is_for_the_number_of_its_time(exchange: Exchange, stated_with: str) -> None:
    """Who has the customer's next number has agreed to nothing."""
    case = exchange.case()
    number = exchange.ledger.address(case.customer_id).key(Channel.PHONE) if stated_with == "a number" else None
    exchange.agreed(case, address=number)
    call = exchange.automatic(case)
    exchange.ledger.customer_set(case.customer_id, {"phone": "+12025550195"})
    exchange.look(call)

    assert [] == exchange.twilio.calls
    row = exchange.ledger.call_task(call)
    assert row is not None
    assert (TaskState.WITHDRAWN, OTHER_NUMBER) == (row.state, row.end_why)


def test_a_call_that_a_person_has_by_now_is_not_taken_from_them(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case, by=MadeBy.MACHINE_OR_PERSON, offers=(Offer.PAY_LINK,))
    exchange.calls.take(call, "Ana")
    exchange.ledger.not_automatic(call, exchange.now, "no consent")

    row = exchange.ledger.call_task(call)
    assert row is not None
    assert (TaskState.TAKEN, "Ana") == (row.state, row.taken_by)
