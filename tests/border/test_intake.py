"""Issue 7, done when 3: files of bad records through Stripe, ledger and Temporal. None holds up the good ones."""

import json
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from service.feed import FAILURES, take_all
from service.intake import Intake
from tests.border.lines import is_a_line
from tests.border.shapes import PLAIN, real_events
from tests.border.size import inputs
from tests.border.spoil import spoiled, written
from tests.cases import a_failed_invoice, failed

_IN_A_FILE = 20


@settings(
    max_examples=inputs(200) // _IN_A_FILE,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(rng=st.randoms(use_true_random=True))
async def test_bad_records_stop_no_other(world: ProviderWorld, intake: Intake, ledger: SqlLedger, rng: Random) -> None:
    """Each of them is one line, what it says is about real invoices, and no event came before."""
    known = [a_failed_invoice(world)[0] for _ in range(2)]
    events = real_events(world)
    bad = [written(rng, spoiled(rng, a_record(rng, events))) for _ in range(_IN_A_FILE)]
    first, last = (json.dumps(failed(world, invoice)) for invoice in known)

    lines = [line async for line in take_all(intake, "\n".join([first, *bad, last]))]

    assert [*range(1, len(bad) + 3)] == [line.line for line in lines]
    assert ["opened", "opened"] == [lines[0].result, lines[-1].result]
    assert [] == [line for line in lines if line.result in FAILURES and not is_a_line(line.problem, 600)]


def a_record(rng: Random, events: list[Json]) -> Json:
    """One of the events, under an id of its own, or a plain record of one of their invoices."""
    event = rng.choice(events)
    about = event["data"]["object"]
    if about["object"] != "invoice" or rng.random() < 0.7:
        return {**event, "id": f"evt_{rng.randrange(10**12)}"}
    return {**PLAIN, "invoice_id": about["id"], "customer": {"id": about["customer"], "country": "TH"}}
