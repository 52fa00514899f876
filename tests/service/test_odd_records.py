"""R18, R54: whatever is wrong with one record, it is one line, and all others are taken."""

import json

import pytest

from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from service.feed import Line, take_all
from service.intake import Intake
from service.records import MalformedRecord, plain_failure
from tests.border.conftest import NOW
from tests.border.shapes import PLAIN
from tests.cases import a_failed_invoice, failed


@pytest.mark.parametrize("number", ["1e999999", "9" * 5000, "-" + "9" * 5000])
@pytest.mark.parametrize("form", ["lines", "array", "list of Stripe's"])
async def test_a_number_without_end_hides_no_neighbour(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, form: str, number: str
) -> None:
    """R54: Python refuses to read it, and with it the whole text."""
    good = [json.dumps(failed(world, a_failed_invoice(world)[0])) for _ in range(2)]
    bad = json.dumps({**failed(world, a_failed_invoice(world)[0]), "created": "@"}).replace('"@"', number)
    records = [good[0], bad, good[1]]
    text = {
        "lines": "\n".join(records),
        "array": f"[{', '.join(records)}]",
        "list of Stripe's": f'{{"object": "list", "data": [{", ".join(reversed(records))}]}}',
    }[form]

    lines = [line async for line in take_all(intake, text)]

    assert ["opened", "malformed", "opened"] == [line.result for line in lines]
    assert "'created' is not a Unix time" in lines[1].problem


@pytest.mark.parametrize("character", ["\\u0000", "\\ud800", "\\udfff"])
async def test_half_a_character_is_one_line(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, character: str
) -> None:
    """R54: no table keeps it."""
    good = failed(world, a_failed_invoice(world)[0])
    bad = json.dumps({**good, "id": "evt_@"}).replace("@", character)

    lines = [line async for line in take_all(intake, f"{bad}\n{json.dumps(good)}")]

    assert ["malformed", "opened"] == [line.result for line in lines]


async def taken(intake: Intake, record: Json) -> Line:
    [line] = [line async for line in take_all(intake, json.dumps(record))]
    return line


async def test_an_event_of_the_other_mode_or_account_is_no_news(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """R18: ignored with the reason, and not kept: with the right key or setting it may be given again."""
    invoice, _ = a_failed_invoice(world)
    event = failed(world, invoice)

    foreign = await taken(intake, world.stripe.shapes.of_account(event))
    live = await taken(intake, world.stripe.shapes.in_live_mode(event))
    own = await taken(intake, event)

    assert ("ignored", "ignored", "opened") == (foreign.result, live.result, own.result)
    assert "acct_1Connected" in foreign.problem
    assert "a live event" in live.problem


async def test_an_event_from_before_2018_opens_the_same_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """R18: without a status; the invoice is read."""
    invoice, _ = a_failed_invoice(world)

    line = await taken(intake, world.stripe.shapes.before_status(failed(world, invoice)))

    row = ledger.case(invoice)
    assert ("opened", "insufficient_funds") == (line.result, row and row.decline_code)


async def test_an_invoice_that_cannot_be_understood_is_one_line(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """Of a currency that is none: the answer about this invoice is odd, those about others are not."""
    odd, good = (failed(world, a_failed_invoice(world)[0]) for _ in range(2))
    world.stripe.store.objects[odd["data"]["object"]["id"]]["currency"] = "usdc"

    lines = [line async for line in take_all(intake, f"{json.dumps(odd)}\n{json.dumps(good)}")]

    assert ["refused", "opened"] == [line.result for line in lines]
    assert "currency" in lines[0].problem


@pytest.mark.parametrize(
    ("field", "value"), [("decline_code", "x" * 500), ("network_decline_code", "ж"), ("invoice_id", "i" * 300)]
)
def test_ids_and_codes_have_an_end(field: str, value: str) -> None:
    """They become part of summaries and keys, which Temporal and the ledger refuse beyond their limits."""
    with pytest.raises(MalformedRecord, match=f"^{field}: the value is not allowed"):
        plain_failure({**PLAIN, field: value}, NOW)
