"""Everything that lists channels knows all of them: a new one is noticed here."""

from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from domain.addresses import FIELDS, NONE_KNOWN, READ, channel_named
from domain.consent import BY_INTRUSION, NEEDS_OPT_IN, UNKNOWN_HOURS, open_channel, unasked
from domain.events import ContactResult
from domain.rules.contacts import COUNTED
from domain.rules.law import MEDIA
from domain.steps import CHANNEL_NAMES, CHATS, TEXTS, WRITTEN, Channel
from domain.wording import ROWS
from gateways.ports.rows import CustomerRow
from gateways.preference_links import CHANNELS as OFFERED
from gateways.preference_page import PreferenceWords
from runtime.equipment import CHANNELS as SETTINGS
from sandbox.play.report import NAMES
from sandbox.play.script import Expected, Sign
from sandbox.providers.journal import CHANNELS as JOURNAL
from service.records import PlainCustomer
from tests.domain.builders import a_policy

ALL = set(Channel)
ADDRESSED = ALL - {Channel.NOTICE}
"""A notice is shown by the merchant's own application, to whoever looks."""


def test_every_table_of_channels_has_all_of_them() -> None:
    assert ALL == set(CHANNEL_NAMES) == set(MEDIA) == set(SETTINGS)
    assert sorted(ALL) == sorted(BY_INTRUSION)
    assert ADDRESSED == set(FIELDS) == set(COUNTED) == set(OFFERED)
    assert set(FIELDS.values()) == set(NONE_KNOWN) == set(READ) <= set(CustomerRow.model_fields)
    assert [channel.value for channel in WRITTEN] == [*_named(PlainCustomer, "preferred_channel")]
    assert {channel.value for channel in ADDRESSED} <= set(PreferenceWords.model_fields)
    assert set(WRITTEN) == {channel for row in ROWS for channel in row.channels}


def _named(model: type[BaseModel], field: str) -> tuple[str, ...]:
    """What a field of plain texts allows."""
    found = get_args(get_args(model.model_fields[field].annotation)[0])
    return tuple(str(each) for each in found)


def test_the_demo_knows_all_of_them() -> None:
    names = {channel.value for channel in Channel}
    assert names == set(JOURNAL.values()) == set(NAMES)
    assert names <= set(Expected.model_fields)
    assert {channel.value for channel in WRITTEN} <= {sign.value for sign in Sign}


def test_nobody_is_called_in_place_of_a_message() -> None:
    """A person calls by a step of its own: no message chooses the telephone, nor falls back to it."""
    for wish in ({"action_request": "phone"}, {"order": ["phone"]}, {"fallback": {"email": "phone"}}):
        with pytest.raises(ValidationError, match="nothing is written by phone"):
            a_policy(contacts=wish)
    assert channel_named("phone") is None


def test_what_comes_to_a_telephone_counts_and_wakes_as_a_text_message_does() -> None:
    assert {*TEXTS, Channel.PHONE} == set(UNKNOWN_HOURS)
    assert set(TEXTS) == {channel for channel in ALL if MEDIA[channel] == "sms"}
    assert {Channel.SMS, *CHATS} == set(TEXTS)


def test_who_has_not_agreed_is_not_written_to_on_whatsapp() -> None:
    assert NEEDS_OPT_IN == unasked(())
    assert {} == unasked(NEEDS_OPT_IN)


def test_a_wish_leads_to_a_channel_that_intrudes_more_only_by_consent() -> None:
    """R38."""
    closed, fallback = {Channel.EMAIL: ContactResult.OPTED_OUT.words}, {Channel.EMAIL: Channel.WHATSAPP}

    assert Channel.EMAIL is open_channel(Channel.EMAIL, closed, fallback)
    assert Channel.WHATSAPP is open_channel(Channel.EMAIL, closed, fallback, {Channel.WHATSAPP})
    assert Channel.WHATSAPP is open_channel(Channel.EMAIL, {Channel.EMAIL: "it bounced"}, fallback)
