"""Twilio asks what to say in a call, and the case is told what came of it."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from temporalio.client import Client

from domain.calls import CallResult, MadeBy, Offer, TaskState, call_id
from domain.consent import Purpose, Source
from domain.rules.contacts import ContactCaps
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.calls import CallTaskRow
from gateways.ports.consents import OptIn
from runtime.settings import Settings
from sandbox.providers.twilio_voice import Answers
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import a_failed_invoice, failed, signals
from tests.web.conftest import Web, serving, until

PUBLIC, NUMBER, CALLER = "https://dunning.example.com", "+14155550177", "+15550006000"
CAPS = ContactCaps(per_week=99, distance=timedelta(0), policy="standard@1")


@pytest.fixture
def set_up(web_settings: Settings, world: ProviderWorld, client: Client) -> Settings:
    assert client
    more = {"web_public_url": PUBLIC, "twilio_voice_from": CALLER, "call_back_number": "+15125550100"}
    assert world
    return web_settings.model_copy(update=more)


@pytest_asyncio.fixture
async def web(set_up: Settings, ledger: SqlLedger) -> AsyncIterator[Web]:
    assert ledger
    async with serving(set_up) as web:
        yield web


async def a_call(world: ProviderWorld, intake: Intake, ledger: SqlLedger, now: datetime) -> tuple[str, str, str]:
    """One that the automatic service has taken and Twilio makes: its id, the invoice and the customer."""
    invoice, customer = a_failed_invoice(world, phone=NUMBER, country="US")
    await intake.take_event(failed(world, invoice))
    agreed = OptIn(
        customer_id=customer,
        channel=Channel.PHONE,
        event_id="agreed",
        source=Source.BILLING,
        at=now - timedelta(days=1),
        purpose=Purpose.AUTOMATED_CALLS,
    )
    ledger.opted_in(agreed)
    task = CallTaskRow(
        call_id=call_id(invoice, "d04-call"),
        invoice_id=invoice,
        customer_id=customer,
        step="d04-call",
        state=TaskState.OPEN,
        as_of=now,
        call_from=now,
        until=now + timedelta(days=3),
        zones=("America/New_York",),
        windows=(),
        offers=(Offer.PAY_LINK,),
        said=MessageFacts(stage=Stage.REMINDER),
        why="call on day 4",
        address=NUMBER,
        made_by=MadeBy.MACHINE,
    )
    address = ledger.address(customer)
    ledger.queue_call(task, address, CAPS)
    ledger.take_call(task.call_id, address, CAPS, "the automatic service", now)
    form = {"To": NUMBER, "From": CALLER, "Url": f"{PUBLIC}/voice/{task.call_id}/1/answered"}
    made = world.twilio.voice.accept(
        form | {"StatusCallback": f"{PUBLIC}/voice/{task.call_id}/1/over"}, world.twilio.numbers
    )
    ledger.dialled(task.call_id, 1, made.sid)
    return task.call_id, invoice, customer


async def test_a_customer_who_presses_9_gets_no_more_calls_and_the_case_knows_it(
    web: Web,
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    clock: Callable[[], datetime],
) -> None:
    call, invoice, customer = await a_call(world, intake, ledger, clock())
    answers: list[int] = []

    async def post(url: str, fields: dict[str, str], headers: dict[str, str]) -> str:
        path = url.removeprefix(PUBLIC)
        answer = await web.http.post(path, content=urlencode(fields).encode(), headers=headers)
        answers.append(answer.status_code)
        return answer.text

    world.twilio.voice.people[NUMBER] = Answers(keys="9")
    await world.twilio.voice.play(world.twilio.voice.calls[-1].sid, post)
    assert [200, 200, 204] == answers

    # At once, and not when the next look every 20 seconds is due.
    await until(lambda: not ledger.untold_calls(), seconds=15)
    told = [fact["result"] for name, fact in await signals(client, invoice) if name == "call_reported"]

    assert [CallResult.OPTED_OUT] == told
    assert Channel.PHONE in ledger.closed_channels(customer)
    [made] = ledger.calls_of(call)
    assert (CallResult.OPTED_OUT, False) == (made.result, made.confirmed)


async def test_what_twilio_has_not_signed_is_not_answered(web: Web, world: ProviderWorld) -> None:
    fields, path = {"Digits": "1"}, "/voice/call_1/1/who"
    forged = await web.http.post(path, content=urlencode(fields).encode())
    elsewhere = world.twilio.sign(f"{PUBLIC}/voice/call_2/1/who", fields)
    wrong = await web.http.post(path, content=urlencode(fields).encode(), headers=elsewhere)
    unknown = await web.http.post(
        "/voice/call_1/1/over",
        content=urlencode({"CallStatus": "completed"}).encode(),
        headers=world.twilio.sign(f"{PUBLIC}/voice/call_1/1/over", {"CallStatus": "completed"}),
    )

    assert [400, 400, 404] == [answer.status_code for answer in (forged, wrong, unknown)]


async def test_where_it_is_not_set_up_there_is_no_such_page(
    web_settings: Settings, ledger: SqlLedger, client: Client
) -> None:
    assert ledger
    assert client
    async with serving(web_settings) as web:
        answer = await web.http.post("/voice/call_1/1/who", content=b"Digits=1")

    assert 404 == answer.status_code
