"""Nobody is contacted on a channel for which the law of the place asks for more than there is."""

from datetime import date
from typing import Any

import pytest

from domain.case import Circumstances
from domain.planner import next_step
from domain.rules.law import Row
from domain.rules.lawful_consent import unlawful_channels
from domain.rules.local_law import NO_LAW, Editions, LocalLaw
from domain.rules.looser import looser
from domain.situation import Situation
from domain.steps import Channel
from tests.domain.builders import PLAIN, a_case, at
from tests.lives.lawful import TABLE

DAY = date(2030, 4, 1)
SMS = frozenset({Channel.SMS})


def asking(needs: str, **more: Any) -> LocalLaw:
    row = Row.model_validate(
        {
            "id": "xx-consent",
            "force": "binding",
            "on": ["sms"],
            "consent": {"needs": needs, **more},
            "source": "an act",
            "effective_from": "2020-01-01",
            "verified": False,
        }
    )
    return LocalLaw(rules=(Editions(rows=(row,)),))


@pytest.mark.parametrize(
    ("law", "opted_in", "registered", "closed"),
    [
        (asking("opt_in"), frozenset(), (), SMS),
        (asking("opt_in"), SMS, (), frozenset()),
        (asking("opt_in"), frozenset({Channel.EMAIL}), (), SMS),
        (asking("prior_express"), frozenset(), (), SMS),
        (asking("prior_express"), SMS, (), frozenset()),
        (asking("prior_express", by_account=True), frozenset(), (), frozenset()),
        (asking("registered_template"), SMS, (), SMS),
        (asking("registered_template"), frozenset(), ("xx-consent",), frozenset()),
        (asking("opt_out"), frozenset(), (), frozenset()),
        (NO_LAW, frozenset(), (), frozenset()),
    ],
)
def test_what_a_place_asks_of_text_messages(
    law: LocalLaw, opted_in: frozenset[Channel], registered: tuple[str, ...], closed: frozenset[Channel]
) -> None:
    assert closed == unlawful_channels(law, DAY, opted_in, registered).keys()


def test_before_the_row_is_in_force_nothing_is_asked() -> None:
    assert {} == unlawful_channels(asking("opt_in"), date(2019, 12, 31), (), ())


def test_opt_ins_are_read_only_where_they_are_asked_for() -> None:
    assert asking("opt_in").wants_opt_ins
    assert not asking("prior_express", by_account=True).wants_opt_ins
    assert not TABLE.at("US", "", ()).wants_opt_ins


def test_the_message_goes_on_the_policys_other_channel_and_says_why() -> None:
    """India's texts need a registered sender and templates; who has registered both says so."""
    law = TABLE.at("IN", "", ("Asia/Kolkata",))
    india = a_case(zone="Asia/Kolkata", opened="04-05 10:00")
    rest = Situation(india, PLAIN, Circumstances(law=law), at("04-05 10:00", "Asia/Kolkata"))
    registered = PLAIN.contacts.model_copy(update={"registered": ("in-sms-template",)})
    open_to = Situation(india, PLAIN.model_copy(update={"contacts": registered}), Circumstances(law=law), rest.at)

    assert "in-sms-template@2025-02-12" in rest.closed_channels[Channel.SMS]
    assert Channel.EMAIL not in rest.closed_channels
    assert {} == open_to.closed_channels
    assert next_step(rest).why


def test_what_asks_for_no_register_cannot_be_registered() -> None:
    contacts = PLAIN.contacts.model_copy(update={"registered": ("in-sms-template", "us-consent", "in-sms")})
    found = [one.at[-1] for one in looser(PLAIN.model_copy(update={"contacts": contacts}), TABLE)]

    assert [1, 2] == found
