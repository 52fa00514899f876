"""Events go out of the web process by itself, though Temporal is away."""

from domain.outgoing import CaseClosed, StepSkipped
from domain.record import Entry
from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from service.endpoints import Endpoints
from tests.cases import OPENED_AT
from tests.gateways.ledger.builders import open_case
from tests.receiver import receiving
from tests.web.conftest import serving, until


async def test_what_happens_reaches_the_merchant_within_a_moment(web_settings: Settings, ledger: SqlLedger) -> None:
    settings = web_settings.model_copy(
        update={"temporal_address": "127.0.0.1:1", "dunning_outbox_private": True},
    )
    open_case(ledger)
    async with receiving() as receiver, serving(settings):
        _, secret = Endpoints(ledger, lambda: OPENED_AT, private=True).add(receiver.url)
        for number, event in enumerate((StepSkipped(kind="charge"), CaseClosed(outcome="recovered"))):
            ledger.record_effect("in_1", Entry(at=OPENED_AT, step=f"s{number}", what="x", why="", event=event))
        await until(lambda: len(receiver.got) == 2)

    assert ["step.skipped", "case.closed"] == receiver.types()
    assert all(got.is_signed_with(secret) for got in receiver.got)
