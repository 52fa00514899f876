"""Failed invoices of another billing system, as plain JSON."""

import pytest
from temporalio.client import Client

from domain.ids import workflow_id
from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken, WrongRecord
from service.records import MalformedRecord
from tests.cases import OPENED_AT, a_failed_invoice, case_of
from workflows import attributes


async def test_a_plain_record_opens_a_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Another billing system knows the customer better than Stripe, and says why the charge failed."""
    invoice_id, customer_id = a_failed_invoice(world)
    record = {
        "invoice_id": invoice_id,
        "customer": {"id": customer_id, "country": "th", "time_zone": "Asia/Bangkok", "phone": "081 234 5678"},
        "amount": "20.00",
        "currency": "usd",
        "decline_code": "expired_card",
        "policy": "standard",
    }

    taken = [await intake.take_json(record), await intake.take_json(record)]

    case = await case_of(client, invoice_id)
    assert [Taken.OPENED, Taken.EXISTS] == taken
    assert ("expired_card", "TH", ("Asia/Bangkok",)) == (
        case.decline and case.decline.code,
        case.facts.country,
        case.facts.time_zones,
    )
    assert "+66812345678" == ledger.address(customer_id).phone


async def test_a_record_that_tells_of_no_failure_opens_a_case_without_a_try(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """There is a card, and nobody is known to have charged it: no message may say that a payment failed."""
    owner = world.stripe.add_customer()
    world.stripe.add_card(owner, fingerprint="fp_untried")
    silent, failed = (world.stripe.add_invoice(owner, amount=2000) for _ in range(2))

    await intake.take_json({"invoice_id": silent})
    await intake.take_json({"invoice_id": failed, "failed_at": OPENED_AT.isoformat()})

    assert [False, True] == [(await case_of(client, invoice)).tried for invoice in (silent, failed)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"amount": "21.00", "currency": "USD"}, "over 20.00 USD in Stripe"),
        ({"customer": {"id": "cus_other"}}, "not to cus_other"),
    ],
)
async def test_a_record_that_contradicts_stripe_is_refused(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, wrong: Json, sentence: str
) -> None:
    """An id may have slipped: nobody is dunned for another one's invoice."""
    invoice_id, _ = a_failed_invoice(world)

    with pytest.raises(WrongRecord, match=sentence):
        await intake.take_json({"invoice_id": invoice_id, **wrong})

    assert ledger.case(invoice_id) is None


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({}, "^invoice_id: the key is missing.$"),
        (
            {"invoice_id": "in_1", "amount": 20.0, "currency": "USD"},
            "^amount: the value is not allowed: it should be text in quotes.$",
        ),
        ({"invoice_id": "in_1", "amount": "20.001", "currency": "USD"}, "more decimals than USD allows"),
        ({"invoice_id": "in_1", "amount": "20"}, "^amount and currency come together: give both, or neither.$"),
        ({"invoice_id": "in_1", "failed_at": "2026-04-07T12:00:00"}, "failed_at: .*time zone, such as"),
        ({"invoice_id": "in_1", "failed_at": "2099-01-01T00:00:00Z"}, "lies in the future"),
        (
            {"invoice_id": "in_1", "amount": "1e999999", "currency": "USD"},
            "^amount: it is not an amount such as 19.99.$",
        ),
        ({"invoice_id": "in_1", "name": "Ada"}, r"^name: unknown key; did you mean number\?$"),
    ],
)
async def test_a_malformed_record_is_named(intake: Intake, record: Json, sentence: str) -> None:
    """One sentence with the field, without its content."""
    with pytest.raises(MalformedRecord, match=sentence):
        await intake.take_json(record)


async def test_a_segment_without_end_opens_a_case(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """It is the merchant's own text; Temporal refuses a search attribute of 2 KB, and with it the whole case."""
    invoice_id, customer_id = a_failed_invoice(world)

    taken = await intake.take_json(
        {"invoice_id": invoice_id, "customer": {"id": customer_id, "segment": "gold " * 500}}
    )

    assert Taken.OPENED == taken
    described = await client.get_workflow_handle(workflow_id(invoice_id)).describe()
    assert ("gold " * 20) == described.typed_search_attributes[attributes.BY_NAME["segment"]]
