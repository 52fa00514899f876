"""The demo's script: the shipped world is wide enough, and a wrong one is told in one sentence."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.calls import CallResult
from domain.case import Outcome
from domain.closed import Closed
from domain.steps import Channel
from gateways.policy_files import PolicyStore
from runtime.settings import ROOT
from sandbox.machine.errors import SandboxError
from sandbox.play.audit_of_law import laws_of
from sandbox.play.demo import POLICIES
from sandbox.play.script import Customer, Deed, World, read_world
from sandbox.providers.journal import CHANNELS

ROWS = {f"R{number}" for number in (*range(1, 18), 19, 21, *range(30, 50), 61, *range(63, 71))}
NOT_PLAYED = {f"R{number}" for number in (18, 20, 22, 29, *range(50, 56), 62)}
"""Those of docs/reality.md that the page says no customer can live through."""
LANGUAGES = {"de", "en", "es", "fr", "ja", "pt", "th"}
PLACES = 14


def written_to(customer: Customer) -> bool:
    return bool((customer.expect.email or 0) + (customer.expect.sms or 0))


@pytest.fixture(scope="module")
def world() -> World:
    return read_world()


def test_the_world_has_enough_customers_countries_and_currencies(world: World) -> None:
    """At least 65 customers, six countries and four currencies, among them ones with no and with three decimals."""
    currencies = {customer.currency for customer in world.customers}

    assert 65 <= len(world.customers)
    assert 6 <= len({customer.country for customer in world.customers})
    assert {"USD", "EUR", "THB", "JPY", "GBP", "KWD"} <= currencies


def test_every_ending_is_expected_of_somebody(world: World) -> None:
    endings = {customer.expect.outcome for customer in world.customers}

    assert set(Outcome) - {Outcome.PLAN_COMPLETED} <= endings


def test_every_deed_is_done_by_somebody(world: World) -> None:
    done = {action.do for customer in world.customers for action in customer.does}
    before = {deed for customer in world.customers for deed in customer.before}

    assert set(Deed) == done | before


def test_every_row_of_reality_is_somebody(world: World) -> None:
    """Of docs/reality.md; the others stand in it with why nobody of the demo can live through them."""
    page = (ROOT / "docs" / "reality.md").read_text(encoding="utf-8")
    numbers = set(re.findall(r"^\| (R\d+) ", page, re.MULTILINE))
    [said] = re.findall(r"^Not played: (.*(?:\n.+)*)", page, re.MULTILINE)

    assert ROWS == {customer.row for customer in world.customers} - {None}
    assert numbers - ROWS == NOT_PLAYED == set(re.findall(r"R\d+", said))


def test_every_language_is_written_to_somebody(world: World) -> None:
    """Who gets at least one e-mail or text message in it."""
    assert LANGUAGES == {customer.reads for customer in world.customers if written_to(customer)}


def test_every_channel_is_used(world: World) -> None:
    used = {channel for channel in CHANNELS.values() for one in world.customers if getattr(one.expect, channel)}

    assert set(CHANNELS.values()) == used


def test_every_end_is_told_to_somebody_and_on_many_channels(world: World) -> None:
    told = [pair for one in world.customers for pair in (one.expect.closing or {}).items()]

    assert {closed for _, several in told for closed in several} == set(Closed)
    assert {Channel.EMAIL, Channel.SMS, Channel.NOTICE, Channel.WHATSAPP, Channel.LINE} == {where for where, _ in told}


def test_calls_come_to_every_end(world: World) -> None:
    """Made by command and by the API; never taken, and taken in vain."""
    called = {one.key: one for one in world.customers if one.segment == "calls"}
    calls = {
        (key, a.result, a.by_command) for key, one in called.items() for a in one.does if a.do is Deed.OPERATOR_CALLS
    }

    assert {CallResult.PROMISE, CallResult.WRONG_NUMBER, CallResult.VOICEMAIL, CallResult.OPTED_OUT} <= {
        result for _, result, _ in calls
    }
    assert {True, False} == {by_command for _, _, by_command in calls}
    assert [0] == [one.expect.phone for key, one in called.items() if key not in {key for key, _, _ in calls}]


def test_machines_call_and_come_to_every_end(world: World) -> None:
    """Who agreed and who did not; of the keys, a person's, a stranger's and none; in more than one language."""
    called = [one for one in world.customers if one.segment == "automatic"]
    agreed = [one for one in called if any(a.do is Deed.AGREES_TO_CALLS for a in one.does)]
    phones = [one.on_the_phone for one in agreed if one.on_the_phone]

    assert {"11", "2", "9", ""} == {phone.keys for phone in phones}
    assert any(phone.by.startswith("machine") for phone in phones)
    assert len({one.reads for one in agreed}) > 1
    assert len(agreed) < len(called)


def test_notices_before_renewals_go_by_text_and_chat_or_not_at_all(world: World) -> None:
    assert {Channel.SMS, Channel.WHATSAPP, None} == {one.told_by for one in world.renewing}


def test_contacts_are_judged_under_the_law_of_many_places(world: World) -> None:
    """Countries, US states and Canadian provinces that the tables name, in which somebody is written to."""
    judged = {customer.place for customer in world.customers if written_to(customer)}
    named = {place for place in judged if place in laws_of(place)}

    assert PLACES <= len(named)
    assert 5 <= len({place for place in named if place.startswith("US-")})
    assert {"CA-BC", "CA-QC"} <= named


def test_every_segment_has_a_policy(world: World) -> None:
    """A shipped one, or one that only the demo has."""
    policies = [policy for folder in (ROOT / "policies", POLICIES) for policy in PolicyStore(folder).policies]
    segments = {segment for policy in policies for segment in policy.segments}

    assert {customer.segment for customer in world.customers} - {None} <= segments


def test_every_case_is_expected_in_all_its_counts(world: World) -> None:
    """A case that ends must say how many charges and messages it takes, and on which day it ends."""
    vague = [
        customer.key
        for customer in world.customers
        if customer.expect.outcome and None in customer.expect.model_dump(exclude={"closing"}).values()
    ]

    assert [] == vague


def edited(*replacements: tuple[str, str]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        text = (
            "starts_on: 2030-04-01T06:00:00Z\n"
            "customers:\n"
            "  - {key: ada, story: pays, name: Ada, country: US, time_zone: America/New_York, amount: '19.00',\n"
            "     currency: USD, pays_with: {answers: expired_card}, expect: {outcome: recovered},\n"
            "     does: [{do: pays, day: 3}]}\n"
        )
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        file = folder / "world.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize(
    ("write", "place"),
    [
        (edited(("do: pays", "do: vanishes")), ":5: customers[0].does[0].do"),
        (edited(("story: pays", "story: pays, other_of: bob")), ":2: customers"),
        (edited((", day: 3", "")), ":5: customers[0].does[0]"),
        (edited(("{answers: expired_card}", "{}")), ":4: customers[0].pays_with"),
        (edited(("starts_on: 2030-04-01T06:00:00Z", "starts_on: 2030-04-01T06:00:00")), ":1: starts_on"),
        (edited(("story: pays", "stroy: pays")), ":3: customers[0].stroy"),
    ],
)
def test_a_wrong_script_is_told_with_its_place(write: Callable[[Path], Path], place: str, tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as told:
        read_world(write(tmp_path))

    assert f"world.yaml{place}: " in str(told.value)


def test_norway_is_a_country(tmp_path: Path) -> None:
    """`NO` is text, as YAML 1.2 reads it."""
    assert "NO" == read_world(edited(("country: US", "country: NO"))(tmp_path)).customers[0].country


def test_a_script_that_is_no_yaml_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    file.write_text("customers: [", encoding="utf-8")

    with pytest.raises(SandboxError, match=r":1: the YAML cannot be read: [^\n]*$"):
        read_world(file)
