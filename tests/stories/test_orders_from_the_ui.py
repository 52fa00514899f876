"""Orders as the Temporal UI sends them: JSON that a human typed, or nothing at all. A wrong one is one sentence."""

import json
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.case import CaseStatus, Outcome
from domain.money import Money
from domain.telling import ORDERS
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.stripe_outcomes import Decline
from workflows.messages import CaseView

DECLINED = Decline("generic_decline")


def typed(text: str, encoding: str = "json/plain") -> RawValue:
    """What the UI makes of the text in its field."""
    return RawValue(Payload(metadata={"encoding": encoding.encode()}, data=text.encode()))


async def ordered(case: StagedCase, name: str, *payloads: RawValue) -> CaseView | str:
    """The case after the order, or the sentence by which it is refused."""
    try:
        view: CaseView = await case.handle.execute_update(name, args=list(payloads), result_type=CaseView)
    except WorkflowUpdateFailedError as error:
        refused = error.cause
    else:
        return view
    assert isinstance(refused, ApplicationError)
    assert refused.failure
    assert ("", False) == (refused.failure.stack_trace, refused.failure.HasField("cause"))
    return refused.message


async def test_an_amount_is_understood_as_people_write_it(stage: Scene) -> None:
    """`"30.00 USD"` is 30 dollars, as in the terminal."""
    case = await stage.open(DECLINED)

    await ordered(case, "settle", typed('{"amount": "30.00 USD", "note": "agreed by phone"}'))

    assert Outcome.SETTLED is (await case.handle.result()).outcome
    assert "settled for 30.00 USD by operator: agreed by phone" in {e.why for e in stage.ledger.record(case.invoice)}


@pytest.mark.parametrize("payloads", [[], [typed("")], [typed("null")], [typed("{}")]], ids=["none", "", "null", "{}"])
async def test_an_order_without_anything_said_is_carried_out(stage: Scene, payloads: list[RawValue]) -> None:
    """Who leaves the UI's field empty pauses and resumes the case."""
    case = await stage.open(DECLINED)

    paused = await ordered(case, "pause", *payloads)
    resumed = await ordered(case, "resume", *payloads)

    assert isinstance(paused, CaseView)
    assert isinstance(resumed, CaseView)
    assert (CaseStatus.ON_HOLD, CaseStatus.OPEN) == (paused.status, resumed.status)


@pytest.mark.parametrize(
    ("name", "payloads", "why"),
    [
        ("settle", [], "amount: the key is missing"),
        (
            "settle",
            [typed('{"amount": "fifteen"}')],
            "amount: it is not an amount with its currency, such as 19.99 USD or 1999 JPY",
        ),
        (
            "settle",
            [typed('{"amount": 15.5}')],
            "amount: the value is not allowed: it should consist of keys and values",
        ),
        ("pause", [typed('{"untill": "2099-12-01T09:00:00Z"}')], "untill: unknown key; did you mean until"),
        ("pause", [typed("until friday")], "the payload is not JSON"),
        ("pause", [typed("{}"), typed("{}")], "it has 2 payloads, one is expected"),
    ],
)
async def test_an_order_that_cannot_be_read_is_one_sentence(
    stage: Scene, name: str, payloads: list[RawValue], why: str
) -> None:
    """It says what is wrong and how to write it, without a trace; the case goes on, and nothing of it is kept."""
    case = await stage.open(DECLINED)

    said = await ordered(case, name, *payloads)
    view = await case.status()

    assert f"The order {name} cannot be read: {why}; write it like {ORDERS[name].example}." == said
    assert CaseStatus.OPEN is view.status
    assert not [entry for entry in view.record if entry.what == "malformed"]


@pytest.mark.parametrize(
    ("name", "payload", "sentence"),
    [
        (
            "settle",
            '{"amount": "15.00 EUR"}',
            "The settlement is in EUR, the invoice in USD: settle for at most 50.00 USD.",
        ),
        ("resume", "", "The case is not paused: there is nothing to resume."),
        (
            "setle",
            "",
            (
                "There is no order setle: use pause, resume, settle, skip, retry_now, hand_off, recall, "
                "reopen_channel, write_off."
            ),
        ),
        (
            "payment_received",
            "{}",
            (
                "There is no order payment_received (as a signal it is taken): use pause, resume, settle, skip, "
                "retry_now, hand_off, recall, reopen_channel, write_off."
            ),
        ),
    ],
)
async def test_an_order_that_cannot_be_carried_out_says_what_can(
    stage: Scene, name: str, payload: str, sentence: str
) -> None:
    """Also one that does not exist."""
    assert sentence == await ordered(await stage.open(DECLINED), name, typed(payload))


async def test_the_encoding_that_was_chosen_in_the_ui_does_not_matter(stage: Scene) -> None:
    """It writes plain JSON under each of them."""
    case = await stage.open(DECLINED)

    view = await ordered(case, "pause", typed('{"note": "customer called"}', "json/protobuf"))

    assert isinstance(view, CaseView)
    assert "customer called" in view.why


async def test_the_same_orders_as_signals(stage: Scene) -> None:
    """Nothing typed is an order too; what cannot be read leaves a line that says how to write it."""
    case = await stage.open(DECLINED)

    await case.handle.signal("pause")
    await case.handle.signal("settle", args=[])
    await case.handle.signal("payment_received", json.loads('{"event_id": "bank-1", "amount": "20.00 USD"}'))
    view: Any = await case.decided()

    assert (CaseStatus.ON_HOLD, Money(amount=3_000, currency="USD")) == (view.status, view.due)
    [line] = [entry.why for entry in view.record if entry.what == "malformed"]
    assert 'signal settle not carried out: amount: the key is missing; write it like {"amount": "15.00 USD"}' == line
