"""The short link of a text message leads to the payment page, for as long as there is one."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from gateways.ledger.sql_ledger import SqlLedger
from gateways.short_links import ShortLinks
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from tests.cases import a_failed_invoice
from tests.web.conftest import Web, serving

PUBLIC = "https://dunning.example.com"
LINKS = ShortLinks(PUBLIC, ["new secret", "old secret"])


@pytest_asyncio.fixture
async def web(web_settings: Settings, ledger: SqlLedger) -> AsyncIterator[Web]:
    assert ledger
    more = {"dunning_link_secrets": SecretStr("new secret, old secret"), "web_public_url": PUBLIC}
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


def path_of(ledger: SqlLedger, invoice: str, links: ShortLinks = LINKS) -> str:
    code = links.code(invoice)
    ledger.shorten(code, invoice)
    return links.link(code).removeprefix(PUBLIC)


async def test_it_leads_to_the_payment_page_as_it_is_now(web: Web, world: ProviderWorld, ledger: SqlLedger) -> None:
    """No case is asked for: the link outlives it. Opening it tells nobody anything."""
    invoice, _ = a_failed_invoice(world)
    path = path_of(ledger, invoice)

    for _ in range(2):
        answer = await web.http.get(path)

        assert 302 == answer.status_code
        assert world.stripe.get(invoice)["hosted_invoice_url"] == answer.headers["location"]
        assert "no-referrer" == answer.headers["referrer-policy"]


async def test_a_link_made_with_an_older_secret_still_works(web: Web, world: ProviderWorld, ledger: SqlLedger) -> None:
    invoice, _ = a_failed_invoice(world)
    old = ShortLinks(PUBLIC, ["old secret"])

    assert path_of(ledger, invoice, old) != path_of(ledger, invoice)
    assert 302 == (await web.http.get(path_of(ledger, invoice, old))).status_code


@pytest.mark.parametrize("path", ["/p/AAAAAAAAAA", "/p/short", "/p/%00%00%00%00%00%00%00%00%00%00", "/p/" + "x" * 3000])
async def test_a_link_that_is_none_of_ours_says_so_in_the_readers_language(web: Web, path: str) -> None:
    answer = await web.http.get(path, headers={"Accept-Language": "th"})

    assert 404 == answer.status_code
    assert "ลิงก์นี้ใช้งานไม่ได้" in answer.text


async def test_a_link_to_an_invoice_that_is_gone_leads_nowhere(web: Web, ledger: SqlLedger) -> None:
    assert 404 == (await web.http.get(path_of(ledger, "in_gone"))).status_code
