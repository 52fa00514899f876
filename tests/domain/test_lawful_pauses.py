"""Nobody is called right after a conversation, nor before a notice in writing: judged by the channel."""

from datetime import date, datetime, timedelta
from typing import Any

from domain.gates import ALLOW, Answer, Postpone, Refuse
from domain.rules.contacts import ContactCaps, ContactUse
from domain.rules.law import Row
from domain.rules.lawful_pauses import lawful_pauses
from domain.rules.local_law import Editions, LocalLaw
from domain.steps import Channel
from tests.domain.builders import at
from tests.lives.lawful import TABLE

NOW, DAY = at("04-20 12:00"), timedelta(days=1)


def law(**says: Any) -> LocalLaw:
    """As of calls, for text messages."""
    row = {"id": "xx-rule", "force": "binding", "on": ["sms"], "source": "an act", "verified": False}
    return LocalLaw(rules=(Editions(rows=(Row.model_validate({**row, "effective_from": "2020-01-01", **says}),)),))


def use(moment: datetime, channel: Channel = Channel.SMS, *, conversation: bool = False) -> ContactUse:
    return ContactUse(invoice_id="in_1", channel=channel, at=moment, conversation=conversation)


def asked(found: LocalLaw, *uses: ContactUse) -> Answer:
    pauses = lawful_pauses(found, Channel.SMS, NOW.date())
    caps = ContactCaps(per_week=7, distance=timedelta(0), policy="standard@1", pauses=pauses)
    return caps.lawfully("in_1", uses, NOW)


def test_after_a_conversation_there_is_a_pause() -> None:
    cool_down = law(cool_down={"days": 7})

    spoke = asked(cool_down, use(NOW - 3 * DAY, conversation=True), use(NOW - DAY))
    assert isinstance(spoke, Postpone)
    assert (NOW + 4 * DAY, "xx-rule@2020-01-01") == (spoke.until, spoke.rule)
    assert asked(cool_down, use(NOW - 7 * DAY, conversation=True)) is ALLOW
    assert asked(cool_down, use(NOW - DAY)) is ALLOW  # nobody answered


def test_the_first_call_waits_for_a_notice_in_writing() -> None:
    first_call = law(wait={"days": 5, "before": "first_call"})

    never, soon = asked(first_call, use(NOW - 9 * DAY)), asked(first_call, use(NOW - 2 * DAY, Channel.EMAIL))
    assert isinstance(never, Refuse)
    assert isinstance(soon, Postpone)
    assert NOW + 3 * DAY == soon.until
    assert asked(first_call, use(NOW - 5 * DAY, Channel.EMAIL)) is ALLOW


def test_another_channel_is_not_kept_waiting() -> None:
    assert () == lawful_pauses(law(cool_down={"days": 7}), Channel.EMAIL, NOW.date())
    assert () == lawful_pauses(law(cool_down={"days": 7}), Channel.SMS, date(2019, 1, 1))


def test_the_shipped_rows_keep_calls_waiting_and_nothing_else() -> None:
    found = {"US": {"conversation"}, "CA": {"notice"}}
    for place, zone in (("US", "America/New_York"), ("CA", "America/Toronto")):
        rules = TABLE.at(place, "QC" if place == "CA" else "", (zone,))
        waits = {channel: {one.after for one in lawful_pauses(rules, channel, NOW.date())} for channel in Channel}
        assert found[place] == waits.pop(Channel.PHONE)
        assert set() == set().union(*waits.values())
