"""The terms, from the sign-up page to the link of an e-mail: read, agreed to once, and readable as they were."""

import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateways.ledger.sql_ledger import SqlLedger
from runtime.doors import doors
from runtime.settings import SHIPPED, Settings, SettingsError
from service.keys import Scope
from tests.web.conftest import Web, serving
from tests.web.test_customers import bearer

PUBLIC = "https://dunning.example.com"
OWN = """
segments:
  any: {methods: [card]}
  pro: {due_days: 30, late_fee: {en: "After 30 days we add 40 EUR.", de: "Nach 30 Tagen kommen 40 EUR hinzu."}}
"""


@pytest.fixture
def own(web_settings: Settings, tmp_path: Path) -> Settings:
    """A merchant with a folder of policies, without Temporal."""
    folder = tmp_path / "policies"
    folder.mkdir()
    for name in ("standard.yaml", "sent-invoices.yaml"):
        shutil.copy(SHIPPED / name, folder)
    (folder / "terms.yaml").write_text(OWN, "utf-8")
    more = {"dunning_policies": folder, "web_public_url": PUBLIC, "temporal_address": "127.0.0.1:1"}
    return web_settings.model_copy(update=more)


@pytest_asyncio.fixture
async def web(own: Settings, ledger: SqlLedger) -> AsyncIterator[Web]:
    assert ledger
    async with serving(own) as web:
        yield web


async def terms(web: Web, key: dict[str, str], **asked: str) -> dict[str, Any]:
    answer = await web.http.get("/v1/terms", params=asked, headers=key)
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


def said(found: dict[str, Any]) -> str:
    return "\n".join(sentence for section in found["text"]["sections"] for sentence in section["sentences"])


def an_order(version: str, event_id: str = "sign-up-1", **more: Any) -> dict[str, Any]:
    return {"event_id": event_id, "version": version, "language": "en", "where": "sign-up page", **more}


async def test_a_sign_up_page_reads_the_terms_of_a_segment_in_a_language(web: Web, ledger: SqlLedger) -> None:
    key = bearer(ledger, Scope.BILLING)

    for_any = await terms(web, key, language="th, en")
    pro = await terms(web, key, segment="pro", language="de-AT")
    unknown = await terms(web, key, segment="nobody has named it", language="xx")

    assert ("th", True, f"{PUBLIC}/terms/{for_any['version']}") == (
        for_any["language"],
        for_any["in_force"],
        for_any["link"],
    )
    assert "บัตร" in said(for_any)
    assert (None, ["card"]) == (for_any["terms"]["due_days"], for_any["terms"]["methods"])
    assert (10, 28, 21) == (
        for_any["terms"]["collected"]["grace_days"],
        for_any["terms"]["collected"]["ends_after"],
        for_any["terms"]["sent"]["grace_days"],
    )
    assert (30, ["card"]) == (pro["terms"]["due_days"], pro["terms"]["methods"])
    assert "Nach 30 Tagen kommen 40 EUR hinzu." in said(pro)
    assert ("de", ["de", "en"]) == (pro["language"], pro["languages"])
    assert (for_any["version"], "en") == (unknown["version"], unknown["language"])
    assert pro["version"] != for_any["version"]


async def test_a_customer_agrees_once_before_there_is_a_case(web: Web, ledger: SqlLedger) -> None:
    key = bearer(ledger, Scope.BILLING)
    version = (await terms(web, key))["version"]
    once = key | {"Idempotency-Key": "7b1"}
    path = "/v1/customers/cus_new/acceptances"

    first = await web.http.post(path, json=an_order(version), headers=once)
    again = await web.http.post(path, json=an_order(version), headers=once)
    same_event = await web.http.post(path, json=an_order(version, where="elsewhere"), headers=key)
    read = await web.http.get(path, headers=bearer(ledger, Scope.AUDITOR))

    assert [200, 200, 200, 200] == [answer.status_code for answer in (first, again, same_event, read)]
    assert "true" == again.headers["idempotency-replayed"]
    assert first.json() == again.json() == same_event.json() == read.json()
    [kept] = read.json()["acceptances"]
    about = ("customer_id", "version", "language", "where")
    assert ["cus_new", version, "en", "sign-up page"] == [kept[name] for name in about]
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(kept["at"]) < timedelta(minutes=5)
    assert kept["by"]


async def test_nobody_agrees_to_what_could_not_be_read(web: Web, ledger: SqlLedger) -> None:
    key = bearer(ledger, Scope.BILLING)
    pro = (await terms(web, key, segment="pro"))["version"]
    now = datetime.now(UTC)
    wrong = [
        (an_order("0" * 16), 404, "There is no such version"),
        (an_order("x"), 422, "version"),
        (an_order(pro, language="th"), 422, "language: this version can be read in"),
        (an_order(pro, at=(now + timedelta(days=1)).isoformat()), 422, "lies in the future"),
        (an_order(pro, at=(now - timedelta(days=1)).isoformat()), 422, "nobody agreed before"),
        *((an_order(pro, where=where), 422, "where") for where in ("", " \u2028", "x" * 501)),
    ]

    for order, status, why in wrong:
        answer = await web.http.post("/v1/customers/cus_1/acceptances", json=order, headers=key)
        assert (status, True) == (answer.status_code, why in answer.text), (order, answer.text)
    nobody = await web.http.get("/v1/customers/cus_1/acceptances", headers=key)
    assert 404 == nobody.status_code


async def test_another_policy_makes_another_version_and_the_old_one_stays_readable(
    own: Settings, ledger: SqlLedger
) -> None:
    key = bearer(ledger, Scope.BILLING)
    policy = own.dunning_policies / "standard.yaml"
    seen = []
    for old, new in (("", ""), ("jitter: PT10M", "jitter: PT5M"), ("day: 28", "day: 35")):
        policy.write_text(policy.read_text("utf-8").replace(old, new), "utf-8")
        async with serving(own) as web:
            seen.append(await terms(web, key))
            first = (await web.http.get(f"/v1/terms/{seen[0]['version']}", headers=key)).json()
            page = await web.http.get(f"/terms/{seen[0]['version']}")

    before, same, after = seen
    assert before == same  # nobody reads how far tries are spread
    assert before["version"] != after["version"]
    assert "after 35 days, your subscription ends" in said(after)
    assert (False, said(before)) == (first["in_force"], said(first))
    assert "after 28 days, your subscription ends" in page.text
    assert "These terms are not in force any more." in page.text


async def test_the_page_is_in_the_language_of_whoever_opens_it(web: Web, ledger: SqlLedger) -> None:
    version = (await terms(web, bearer(ledger, Scope.BILLING), segment="pro"))["version"]

    mine = await web.http.get("/terms", headers={"Accept-Language": "ja;q=0.9, en"})
    chosen = await web.http.get("/terms?language=fr", headers={"Accept-Language": "ja"})
    pro = await web.http.get("/terms?segment=pro", headers={"Accept-Language": "ja"})
    pinned = await web.http.get(f"/terms/{version}?language=de")

    assert [200] * 4 == [answer.status_code for answer in (mine, chosen, pro, pinned)]
    assert ["ja", "fr", "en", "de"] == [
        re.findall('<html lang="([^"]+)">', page.text)[0] for page in (mine, chosen, pro, pinned)
    ]
    assert "Conditions de paiement" in chosen.text
    assert {"de", "en", "es", "fr", "pt-br", "th"} == {*re.findall(r'language=([\w-]+)"', mine.text)}
    assert 'href="?segment=pro&amp;language=de"' in pro.text
    assert 'href="?language=en"' in pinned.text
    assert version in pinned.text
    assert "default-src 'none'" in pinned.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/terms/x", "/terms/%00", "/terms/0123456789abcdef", "/terms/'; --", "/terms/é"])
async def test_a_link_that_leads_nowhere_is_answered_as_a_page(web: Web, path: str) -> None:
    answer = await web.http.get(path, headers={"Accept-Language": "es"})

    assert (404, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "Este enlace no funciona." in answer.text


async def test_terms_that_cannot_be_read_stop_the_web_process(own: Settings) -> None:
    (own.dunning_policies / "terms.yaml").write_text("segments: {any: {due_days: soon}}\n", "utf-8")

    with pytest.raises(SettingsError, match=r"terms\.yaml:1: segments\.any\.due_days"):
        async with doors(own):
            pass
