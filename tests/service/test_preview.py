"""Conversations that are seen before a customer hears them."""

import json
import re
import time
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from domain.declines import DeclineClass
from domain.steps import DEMANDS, WRITTEN, Channel
from gateways.policy_files import policy_files
from runtime.previewing import press_of, preview, simulations
from runtime.settings import ROOT, Settings
from service.preview import Conversation
from service.preview_page import as_text, files_of
from service.requests import Refused
from service.sample_customers import SAMPLE, SampleCustomer, sample, sample_customer

SETTINGS = Settings(merchant_name="Acme Cloud", merchant_contact="help@acme.example")
OPENED = datetime(2030, 4, 1, 12, tzinfo=UTC)
PREVIEW = preview(SETTINGS)
SIMULATIONS = simulations(SETTINGS)
POLICIES = sorted(file.stem for file in policy_files(ROOT / "policies"))
ENOUGH = 10
"""Seconds of CPU that a merchant waits for everything."""


def conversations(
    policy: str = "standard", customer: SampleCustomer | None = None, code: str | None = None
) -> list[Conversation]:
    known = customer or sample()
    return [*PREVIEW.conversations(PREVIEW.policy(policy, known), known, OPENED, code)]


def test_every_stage_in_every_language_on_every_channel_is_seen_at_once() -> None:
    began = time.process_time()
    found = [each for language in PREVIEW.languages for each in conversations(customer=sample(language))]
    found += [
        PREVIEW.once_it_is_over(PREVIEW.policy("standard", known), known, OPENED)
        for known in map(sample, PREVIEW.languages)
    ]
    pages = [*files_of(found, "all", press_of(SETTINGS))]
    took = time.process_time() - began

    seen = {
        (each.language, told.stage, form.channel)
        for each in found
        for told in each.messages
        for form in told.forms
        if form.rendered
    }
    afterwards = [channel for channel in WRITTEN if channel is not Channel.LETTER]
    assert {*product(PREVIEW.languages, map(str, DEMANDS), WRITTEN)} <= seen
    assert {*product(PREVIEW.languages, ["closing-paid", "closing-cancelled", "closing-ended"], afterwards)} <= seen
    assert len(pages) > len(seen)
    assert took < ENOUGH


def test_each_class_of_declines_has_its_conversation() -> None:
    names = [each.name for each in conversations()]

    assert {*DeclineClass} == SIMULATIONS.codes().keys()
    assert [*SIMULATIONS.codes().values(), "paid"] == names


@pytest.mark.parametrize("policy", POLICIES)
def test_every_shipped_policy_speaks_and_ends(policy: str) -> None:
    """But where only an operator can put things right nothing is said."""
    for each in conversations(policy):
        last = each.rows[-1][0]
        if "(merchant)" in each.title:
            assert "waits" == last.what
        else:
            assert each.messages
            assert "closed" == last.what


@pytest.mark.parametrize("language", PREVIEW.languages)
def test_every_language_has_a_sample_that_reads_it(language: str) -> None:
    """Somebody of a country, with its currency, whose name is one that messages repeat."""
    customer = sample(language)
    row = customer.row

    assert all((row.country, row.phone, row.email, row.name))
    greeted = conversations(customer=customer, code="expired_card")[0].messages[0].sent.rendered
    assert greeted
    assert str(customer.name) in greeted.text


def test_who_pays_hears_no_more() -> None:
    unpaid, paid = conversations(code="insufficient_funds")

    assert len(paid.messages) < len(unpaid.messages)
    assert paid.rows[-1][0].said.startswith("closed as recovered")


def test_a_channel_that_leads_nowhere_gives_way_as_it_would() -> None:
    """Without a number the policy's fallback speaks."""
    customer = sample().model_copy(update={"phone": None})

    channels = {told.sent.channel for each in conversations(customer=customer) for told in each.messages}

    assert {Channel.EMAIL, Channel.NOTICE} == channels


def test_the_page_asks_no_network_and_holds_every_message() -> None:
    found = conversations(code="expired_card")
    page, *others = files_of(found, "standard@1 <b>", press_of(SETTINGS))

    assert "index.html" == page.path
    assert "default-src 'none'" in page.content.decode()
    assert "<title>standard@1 &lt;b&gt;</title>" in page.content.decode()
    outside = re.sub(r'<script type="application/json".*?</script>', "", page.content.decode(), flags=re.DOTALL)
    assert [] == re.findall(r"https?://|src=|url\(", outside)
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page.content.decode(), re.DOTALL)
    rows = [row for each in json.loads(data)["conversations"] for row in each["rows"] if row["message"]]
    assert sum(len(each.messages) for each in found) == len(rows)
    assert len({file.path for file in others}) == len(others)


def test_a_conversation_reads_in_a_terminal() -> None:
    text = as_text(conversations(code="expired_card")[0])

    assert text.startswith("expired card (new method), in en: ")
    assert "\n2030-04-04 10:0" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amount: 12\n", "amount: it is not an amount with its currency"),
        ("colour: red\n", "colour"),
        ("- 1\n", "has to consist of keys"),
    ],
)
def test_a_customers_file_is_read_with_its_mistakes(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "customer.yaml"
    file.write_text(text)

    with pytest.raises(Refused, match=re.escape(str(file))) as refused:
        sample_customer(str(file), None, None)
    assert said in str(refused.value)


def test_a_customers_file_is_who_is_written_to(tmp_path: Path) -> None:
    file = tmp_path / "customer.json"
    file.write_text('{"name": "Bea Long", "country": "Germany", "amount": "1999 JPY", "segment": "gold"}')

    found = sample_customer(str(file), "de", None)

    assert ("DE", "de", "gold") == (found.row.country, found.row.language, found.segment)
    assert ("1999 JPY", None) == (str(found.amount), found.row.email)
    assert "th" == sample_customer(SAMPLE, "th", "any").language


def test_an_invoice_that_would_be_no_case_says_so(tmp_path: Path) -> None:
    policy = tmp_path / "small.yaml"
    policy.write_text((ROOT / "policies/standard.yaml").read_text() + "\nadmission: {minimum: {USD: 50}}\n")

    with pytest.raises(Refused, match=r"becomes no case: 29\.00 USD is less than the 50\.00 USD"):
        conversations(str(policy))


def test_a_code_that_nobody_knows_is_named_with_those_there_are() -> None:
    with pytest.raises(Refused, match=r"no decline code 'expired'.*expired_card"):
        conversations(code="expired")
