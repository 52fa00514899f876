"""The published error lists of the message providers, as data."""

from pathlib import Path

import pytest

from domain.rules.refusals import About
from gateways.rules import load_refusals
from gateways.yaml_files import FileError
from tests.gateways.conftest import RULES

ORIGIN = "{source: a, edition: 2026-11-23, conf: M, verified: false}"


@pytest.mark.parametrize("provider", ["twilio", "sendgrid", "line", "letter"])
def test_every_row_has_its_source_and_a_sentence(provider: str) -> None:
    """A sentence for operators ends like one, and names no address."""
    table = load_refusals(RULES, provider)

    assert provider == table.provider
    assert set(About) - {About.COUNTRY, About.WISH} <= {group.about for group in table.groups}
    for group in table.groups:
        assert group.origin.url
        for why in group.codes.values():
            assert why.endswith((".", ")."))
            assert "@" not in why


def test_every_code_that_reality_named_is_classified() -> None:
    """Those that were seen in the field, and those of the magic numbers."""
    table = load_refusals(RULES, "twilio")
    about = {code: found for found in About for group in table.groups if group.about is found for code in group.codes}

    assert {
        "21211": "address",
        "21265": "address",
        "21268": "address",
        "21408": "country",
        "21421": "address",
        "21606": "account",
        "21608": "account",
        "21610": "wish",
        "21612": "country",
        "21614": "address",
        "21617": "account",
        "21635": "address",
        "20003": "account",
        "20404": "account",
        "20429": "now",
        "30003": "now",
        "30005": "address",
        "30006": "address",
        "30007": "account",
        "30034": "account",
        "63016": "account",
    }.items() <= about.items()


def test_what_line_and_print_services_refuse_is_classified_also_where_nobody_knows_it() -> None:
    """R31: what is new is this customer's, and one letter's; neither stops a case, and the second closes no address."""
    line, letter = (load_refusals(RULES, provider) for provider in ("line", "letter"))

    assert [About.ADDRESS, About.COUNTRY, About.ACCOUNT, About.NOW, About.ADDRESS] == [
        line.of([code]).about for code in ("400-to", "429-monthly", "401", "429", "418")
    ]
    assert [About.ADDRESS, About.COUNTRY, About.ACCOUNT, About.NOW, About.COUNTRY] == [
        letter.of([code]).about for code in ("410", "422", "402", "429", "418")
    ]


def test_a_refusal_is_known_by_the_most_telling_of_its_codes() -> None:
    """Its rule names the code that decided, or the first one where none did."""
    table = load_refusals(RULES, "twilio")

    assert "twilio-21408@2026-11-26" == table.of(["21408", "403"]).rule
    assert (About.ACCOUNT, "twilio-401@2026-11-26") == (table.of(["1", "401"]).about, table.of(["1", "401"]).rule)
    assert (About.ADDRESS, "twilio-1@2026-11-26") == (table.of(["1", "400"]).about, table.of(["1", "400"]).rule)
    assert (About.ADDRESS, "twilio-unknown@2026-11-26") == (table.of([]).about, table.of([]).rule)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (
            f"  - {{about: here, origin: {ORIGIN}, codes: {{1: a}}}}\n",
            "x-errors.yaml:5: groups[0].about: 'here' is not allowed; use address, wish, country, account or now",
        ),
        (
            (
                f"  - {{about: now, origin: {ORIGIN}, codes: {{1: a}}}}\n"
                f"  - {{about: address, origin: {ORIGIN}, codes: {{1: a}}}}\n"
            ),
            "x-errors.yaml:4: groups: 1 stands in two groups; keep one of them",
        ),
    ],
)
def test_a_broken_table_is_one_sentence(tmp_path: Path, groups: str, message: str) -> None:
    """With file, line and key."""
    (tmp_path / "x-errors.yaml").write_text(f"edition: 2026-11-23\nprovider: x\nunknown: u\ngroups:\n{groups}")

    with pytest.raises(FileError) as caught:
        load_refusals(tmp_path, "x")
    assert f"{tmp_path}/{message}" == str(caught.value)
