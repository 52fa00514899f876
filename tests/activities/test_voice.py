"""The automatic service calls who has agreed to it, once; it says nothing of a debt before it knows who is there, and
keeps what is pressed."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from temporalio.service import RPCError, RPCStatusCode

from domain.calls import AUTOMATIC, CallResult, MadeBy, TaskState, call_id
from domain.consent import Purpose, Source
from domain.steps import Channel
from gateways.ports.consents import NO_CONSENT
from gateways.ports.inbox import NotGenuine
from gateways.ports.rows import Closure
from sandbox.providers.twilio_voice import Answers, Call
from service.requests import Refused, Unavailable, WrongRequest
from tests.activities.builders import Worker
from tests.activities.test_calls import DAY, MONDAY, NUMBER, STEP, a_call
from tests.activities.voice_exchange import PUBLIC, Exchange, exchange

__all__ = ["exchange"]
OF_A_DEBT = re.compile(r"invoice|unpaid|owe|debt|due|\$|\bpay", re.IGNORECASE)


async def talked(exchange: Exchange, answers: Answers | None, **fields: Any) -> tuple[str, Call, CallResult | None]:
    """A call to somebody who has agreed: its id, as Twilio made it, and what came of it."""
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case, **fields)
    assert exchange.look(call) is None
    made = await exchange.play(case, answers)
    return call, made, exchange.look(call)


def test_without_consent_it_is_left_out_or_a_person_calls_where_the_policy_says_so(exchange: Exchange) -> None:
    nobody, service = exchange.case(), exchange.agreed(exchange.case(), purpose=Purpose.SERVICE)
    for case in (nobody, service):
        answer = exchange.worker.queue_call(a_call(case, by=MadeBy.MACHINE))
        assert answer.refused is not None
        assert NO_CONSENT in answer.refused.why
        assert exchange.ledger.call_task(call_id(case.invoice_id, STEP)) is None

    call = exchange.automatic(nobody, by=MadeBy.MACHINE_OR_PERSON)
    row = exchange.ledger.call_task(call)
    assert row is not None
    assert MadeBy.PERSON is row.made_by
    assert exchange.calls.take(call, "Ana").may_call


def test_where_it_is_not_set_up_it_is_left_out(exchange: Exchange, worker: Worker) -> None:
    case = exchange.agreed(exchange.case())
    answer = worker.restarted(CALL_BACK_NUMBER=NUMBER).queue_call(a_call(case, by=MadeBy.MACHINE))

    assert answer.refused is not None
    assert "TWILIO_VOICE_FROM is not set" in answer.refused.why


def test_a_consent_that_was_taken_back_is_none(exchange: Exchange) -> None:
    """Also where the channel was opened again for people's calls."""
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    closure = Closure(
        customer_id=case.customer_id,
        channel=Channel.PHONE,
        address=None,
        why="opted out",
        wish=True,
        event_id="no-calls",
        at=MONDAY - DAY,
        source=Source.BILLING,
    )
    exchange.ledger.close_channel(closure)
    exchange.ledger.open_channel([closure], MONDAY, "again")
    exchange.look(call)

    assert [] == exchange.twilio.calls
    row = exchange.ledger.call_task(call)
    assert row is not None
    assert (TaskState.WITHDRAWN, "nobody is called: opted out") == (row.state, row.end_why)
    later = exchange.worker.queue_call(a_call(case, by=MadeBy.MACHINE, step="call-later"))
    assert later.refused is not None
    assert NO_CONSENT in later.refused.why


def test_nobody_else_takes_what_it_makes(exchange: Exchange) -> None:
    call = exchange.automatic(exchange.agreed(exchange.case()))

    with pytest.raises(Refused, match="is made by the automatic service"):
        exchange.calls.take(call, "Ana")
    with pytest.raises(WrongRequest, match="say who calls"):
        exchange.calls.take(call, AUTOMATIC)


def test_outside_the_hours_nobody_is_dialled(exchange: Exchange) -> None:
    """The judge of people's calls is asked at the moment of dialling."""
    case, paid = exchange.agreed(exchange.case()), exchange.agreed(exchange.case())
    night, over = exchange.automatic(case), exchange.automatic(paid)
    exchange.worker.world.stripe.pay_out_of_band(paid.invoice_id)
    with pytest.raises(Refused, match="paid"):
        exchange.look(over)
    exchange.now += timedelta(hours=12)
    exchange.look(night)

    assert [] == exchange.twilio.calls


async def test_a_machine_hears_merchant_and_number_and_nothing_else(exchange: Exchange) -> None:
    _, made, heard = await talked(exchange, Answers(by="machine_end_beep", keys="1"))

    assert CallResult.VOICEMAIL is heard
    [(_, said)] = made.heard
    assert NUMBER in said
    assert not OF_A_DEBT.search(said)


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        ("", CallResult.NO_ANSWER),
        ("2", CallResult.WRONG_NUMBER),
        ("9", CallResult.OPTED_OUT),
        ("5", CallResult.NO_ANSWER),
    ],
)
async def test_who_has_not_said_that_it_is_them_hears_nothing_of_a_debt(
    exchange: Exchange, keys: str, result: CallResult
) -> None:
    _, made, heard = await talked(exchange, Answers(keys=keys))

    assert result is heard
    assert "automated call" in made.heard[0][1]
    assert not OF_A_DEBT.search(" ".join(text for _, text in made.heard))


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        ("1", CallResult.REACHED),
        ("11", CallResult.PAY_LINK),
        ("12", CallResult.CALL_BACK),
        ("19", CallResult.OPTED_OUT),
        ("17", CallResult.REACHED),
    ],
)
async def test_the_customer_hears_of_the_invoice_and_says_what_they_want(
    exchange: Exchange, keys: str, result: CallResult
) -> None:
    _, made, heard = await talked(exchange, Answers(by="unknown", keys=keys))

    assert result is heard
    assert any("$19.99" in text for _, text in made.heard)
    assert {"en-US"} == {language for language, _ in made.heard}


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed"])
async def test_whom_it_does_not_reach_was_not_reached(exchange: Exchange, status: str) -> None:
    case = exchange.agreed(exchange.case())
    exchange.twilio.nobody[case.phone or ""] = status
    call = exchange.automatic(case)
    exchange.look(call)
    await exchange.play(case, None)

    assert CallResult.NO_ANSWER is exchange.look(call)


async def test_what_was_paid_while_it_rang_is_not_spoken_of(exchange: Exchange) -> None:
    case = exchange.agreed(exchange.case())
    call = exchange.automatic(case)
    exchange.look(call)
    exchange.worker.world.stripe.pay_out_of_band(case.invoice_id)
    made = await exchange.play(case, Answers(keys="11"))

    assert not OF_A_DEBT.search(" ".join(text for _, text in made.heard))


async def test_a_link_that_the_policy_does_not_offer_is_not_sent(exchange: Exchange) -> None:
    _, made, heard = await talked(exchange, Answers(keys="11"), offers=())

    assert CallResult.REACHED is heard
    assert not any("link" in text for _, text in made.heard)


async def test_only_twilio_is_told_what_there_is_to_say(exchange: Exchange) -> None:
    call = exchange.automatic(exchange.agreed(exchange.case()))
    exchange.look(call)
    with pytest.raises(NotGenuine):
        await exchange.door.says("who", call, 1, b"Digits=1", {}, f"/voice/{call}/1/who")


async def test_what_is_asked_of_a_call_that_is_none_ends_without_a_word(exchange: Exchange) -> None:
    path = "/voice/call_x/1/answered"
    fields = {"AnsweredBy": "human"}
    headers = {name.lower(): value for name, value in exchange.twilio.sign(PUBLIC + path, fields).items()}
    said = await exchange.door.says("answered", "call_x", 1, urlencode(fields).encode(), headers, path)

    assert "<Say" not in said
    assert "<Hangup" in said


class OnceAway:
    """Tells no case at first, as while Temporal does not answer."""

    def __init__(self, error: Exception | None = None) -> None:
        self.away = True
        self.error = error or Unavailable("Temporal does not answer.")
        self.said: list[tuple[str, CallResult]] = []

    async def __call__(self) -> Any:
        return self

    async def say_automatically(self, call_id: str, result: CallResult, at: datetime | None) -> None:
        assert (result is CallResult.CALL_BACK) is (at is not None)
        if self.away:
            raise self.error
        self.said.append((call_id, result))


async def test_who_presses_9_is_called_by_nobody_though_the_case_cannot_be_told_yet(exchange: Exchange) -> None:
    call, _, _ = await talked(exchange, Answers(keys="9"))
    row = exchange.ledger.call_task(call)
    assert row is not None
    results = OnceAway()
    await exchange.voice.round(results, exchange.threads)

    assert Channel.PHONE in exchange.ledger.closed_channels(row.customer_id)
    [made] = exchange.ledger.calls_of(call)
    assert (CallResult.OPTED_OUT, False) == (made.result, made.told)
    results.away = False
    await exchange.voice.round(results, exchange.threads)
    await exchange.voice.round(results, exchange.threads)
    assert [(call, CallResult.OPTED_OUT)] == [one for one in results.said if one[0] == call]


@pytest.mark.parametrize("error", [Unavailable("Not connected yet."), RPCError("", RPCStatusCode.UNAVAILABLE, b"")])
async def test_while_a_case_cannot_be_told_nobody_else_is_dialled(exchange: Exchange, error: Exception) -> None:
    """As on the first connection, and as later on."""
    await talked(exchange, Answers(keys="11"))
    exchange.automatic(exchange.agreed(exchange.case()))
    await exchange.voice.round(OnceAway(error), exchange.threads)

    assert 1 == len(exchange.twilio.calls)
