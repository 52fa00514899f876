"""Whatever stands in a command's words: one sentence and an exit code, never a trace."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import Client

from domain.events import AgencyReport, ContactResult
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from tests.border.lines import is_a_line
from tests.border.size import inputs
from tests.border.spoil import TEXTS
from tests.cli.commands import Failed, Starter, said

_REPORTS, _RESULTS, _CHANNELS = (tuple(each.value for each in kind) for kind in (AgencyReport, ContactResult, Channel))


@pytest.fixture
def opened(starter: Starter, client: Client, ledger: SqlLedger, failed: Failed) -> Failed:
    """One of the two invoices has a case."""
    assert 0 == starter("start", failed.file("payment_failed.json")).exit_code
    return failed


@settings(max_examples=inputs(60), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(rng=st.randoms(use_true_random=True))
def test_odd_words_are_one_sentence(starter: Starter, opened: Failed, rng: Random) -> None:
    """Of orders and questions about an invoice without a case, and reports about one with a case."""
    words = a_command(rng, opened.invoice)

    code, told = said(starter(*words))

    lines = [line for line in told.split("\n") if not line.startswith(("Usage:", "Try "))]
    assert code in (0, 1, 2)
    assert not told or [] == [line for line in lines if line and not is_a_line(line, 20_000)], (words, told)


def a_command(rng: Random, invoice: str) -> list[str]:
    def odd(usual: str) -> str:
        return word(rng) if rng.random() < 0.5 else usual

    def option(name: str, usual: str) -> list[str]:
        return [name, odd(usual)] if rng.random() < 0.5 else []

    known, invoice = invoice, word(rng) if rng.random() < 0.2 else "in_none"
    by = [*option("--note", "customer called"), *option("--by", "mia")]
    match rng.randrange(7):
        case 0:
            return ["pause", invoice, *option("--until", "2099-12-01T09:00+07:00"), *by]
        case 1:
            return ["resume", invoice, *by]
        case 2:
            return ["settle", invoice, odd("19.99"), odd("USD"), *rng.choice(([], ["--paid"])), *by]
        case 3:
            return ["write-off", invoice, *by]
        case 4:
            report = odd(rng.choice(_REPORTS))
            paid = [*option("--amount", "19.99"), *option("--currency", "USD")]
            return ["agency", known, report, *paid, *option("--event-id", "agency-1")]
        case 5:
            about = [odd(rng.choice(_CHANNELS)), odd(rng.choice(_RESULTS))]
            return ["contact", known, *about, *option("--event-id", "sms-1"), *option("--address", "+66812345678")]
    return [rng.choice(("show", "messages")), invoice]


def word(rng: Random) -> str:
    """As a shell hands it over: without NUL, and bytes that are no UTF-8 as halves of characters."""
    text = rng.choice(TEXTS).replace("\0", "")
    return text.encode(errors="surrogatepass").decode(errors="surrogateescape")


@pytest.mark.parametrize(
    "words",
    [
        ["settle", "in_1", "-19.99", "USD"],
        ["settle", "in_1", "--paid", "-5", "USD"],
        ["agency", "in_1", "payment", "--amount", "-5"],
        ["list", "--limit", "-5"],
        ["inbox", "list", "--after", "-5"],
        ["keys", "create", "shop", "--days", "-5"],
    ],
)
def test_an_amount_below_zero_was_no_such_option(starter: Starter, words: list[str]) -> None:
    code, told = said(starter(*words))

    number = next(word for word in words if word.startswith("-") and word[1].isdigit())
    assert (2, f"{number} is below zero: amounts and numbers have no sign here, write {number[1:]}.") == (code, told)


@pytest.mark.parametrize("words", [["pause", "in_none", "--note", "-5"], ["settle", "in_none", "--", "-5", "USD"]])
def test_what_only_looks_like_such_a_number_is_taken_as_it_is(
    starter: Starter, ledger: SqlLedger, words: list[str]
) -> None:
    code, told = said(starter(*words))

    assert 1 == code
    assert "no sign" not in told


@pytest.mark.parametrize("name", ["a\udcffb", "x" * 5000])
def test_a_name_that_no_invoice_can_have_was_answered_with_a_trace(
    starter: Starter, ledger: SqlLedger, name: str
) -> None:
    """Of bytes that are no text, neither ledger nor Temporal can be asked."""
    code, told = said(starter("show", name))

    assert 1 == code
    assert is_a_line(told, 300)
