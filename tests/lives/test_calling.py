"""That the checks of calls and of closing messages can fail: lives told by hand."""

from datetime import date, timedelta
from random import Random

import pytest

from domain.call_hours import read
from domain.calls import CallResult, CallWindow
from domain.case import Whereabouts
from domain.closed import Closed
from domain.kinds.call import CallTask
from domain.rules.contacts import ContactCaps
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from tests.domain.builders import a_case, at, paused, usd
from tests.lives.call_hours import Wants, unwanted_windows
from tests.lives.calling import Caller, Made, wrong_calls
from tests.lives.closings import Closings, Told
from tests.lives.kept import About, Account
from tests.lives.lawful import Said, unlawful, unlawful_windows

NOON = at("04-10 12:00", "America/New_York")
DAY = timedelta(days=1)
QUEBEC = Whereabouts(country="CA", region="QC", time_zones=("America/Toronto",))
MAINE = Whereabouts(country="US", region="ME", time_zones=("America/New_York",))
FACTS = MessageFacts(stage=Stage.REMINDER)


def said(channel: Channel, days_before: int, here: Whereabouts, *, spoken: bool = False) -> Said:
    return Said(NOON - days_before * DAY, channel, "in_1", here, conversation=spoken)


@pytest.mark.parametrize(
    ("before", "here", "wrong"),
    [
        (said(Channel.PHONE, 3, MAINE, spoken=True), MAINE, 1),
        (said(Channel.PHONE, 3, MAINE), MAINE, 0),
        (said(Channel.PHONE, 8, MAINE, spoken=True), MAINE, 0),
        (said(Channel.EMAIL, 3, QUEBEC), QUEBEC, 1),
        (said(Channel.EMAIL, 6, QUEBEC), QUEBEC, 0),
        (said(Channel.SMS, 6, QUEBEC), QUEBEC, 1),  # no notice in writing
    ],
)
def test_a_call_too_soon_is_seen(before: Said, here: Whereabouts, wrong: int) -> None:
    assert wrong == len(list(unlawful([before, said(Channel.PHONE, 0, here)], frozenset())))


def test_an_hour_of_the_night_is_seen_in_what_is_shown_to_who_calls() -> None:
    night = CallWindow(start=NOON, end=NOON + timedelta(hours=11))

    assert [] == list(unlawful_windows([CallWindow(start=NOON, end=NOON + timedelta(hours=2))], MAINE, frozenset()))
    assert list(unlawful_windows([night], MAINE, frozenset()))


def test_a_call_about_a_case_that_stands_still_is_seen() -> None:
    caps = ContactCaps(per_week=7, distance=timedelta(0), policy="standard@1")
    given = {"invoice_id": "in_1", "customer_id": "cus_1", "step": "d04-call", "as_of": NOON, "why": "call"}
    task = CallTask(**given, facts=FACTS, caps=caps, until=NOON + DAY)
    caller = Caller(Random(1))
    caller.made += [Made(NOON, case, task, FACTS, CallResult.REACHED) for case in (a_case(), paused()(a_case(), NOON))]

    assert 1 == len(list(wrong_calls(caller)))


def test_an_hour_that_the_customer_does_not_want_is_seen() -> None:
    """Noon on a Wednesday; what they say later does not count for it."""
    shown = CallWindow(start=NOON, end=NOON + timedelta(hours=2))
    for hours, wrong in (("wed 12:00-14:00", 0), ("wed 12:00-13:59", 1), ("tue 12:00-14:00", 2)):
        assert wrong == len(list(unwanted_windows([shown], read(hours), MAINE)))
    wants = Wants([(NOON - DAY, read("wed 12:00-14:00")), (NOON + DAY, read("tue 12:00-14:00"))])

    assert [[], ["wed"], ["tue"]] == [
        [*wants.at(moment)[0].days] if wants.at(moment) else [] for moment in (NOON - 2 * DAY, NOON, NOON + DAY)
    ]


def test_the_days_that_a_call_names_are_those_of_its_script() -> None:
    """A restriction that comes no sooner than the end is not said, nor is one that stands."""
    account = Account("Asia/Bangkok")
    named = FACTS.but(next_charge_on=date(2030, 4, 11), restricts_on=date(2030, 4, 12), ends_on=date(2030, 4, 12))
    for facts in (named, named.but(ends_on=date(2030, 4, 20))):
        account.calls(NOON, "d04-call", facts)

    assert [{About.TRY}, {About.TRY, About.LIMIT}] == [set(told.days) for told in account.told]


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({"closed": Closed.PAID}, 1),  # 100 dollars are due
        ({"closed": Closed.SETTLED}, 1),
        ({"closed": Closed.SETTLED, "settled_for": usd("40")}, 0),
        ({"closed": Closed.ENDED, "ends_on": date(2030, 4, 10), "ending": "write_off"}, 1),
        ({"closed": Closed.SETTLED, "settled_for": usd("40"), "restored": True}, 1),
    ],
)
def test_a_closing_message_that_is_not_so_is_seen(facts: dict[str, object], wrong: int) -> None:
    closings = Closings("Asia/Bangkok")
    told = MessageFacts.model_validate({"stage": Stage.CLOSING, **facts})
    closings.told.append(Told(NOON, NOON, Channel.EMAIL, told, a_case()))

    assert wrong == len(list(closings.wrong([])))
