"""What the law of a place says to one message and to the end, and which edition of it."""

from datetime import date, time, timedelta

import pytest

from domain.base import Message
from domain.calendar import ContactHours
from domain.case import Case, Circumstances, Whereabouts
from domain.decisions import Act, Wait
from domain.gates import ALLOW, Answer, Postpone, Refuse
from domain.kinds.handoff import HandoffStep
from domain.kinds.message import MessageStep
from domain.planner import next_step
from domain.policy import Policy
from domain.rules.contacts import ContactCaps, ContactUse
from domain.rules.law_table import law_of
from domain.rules.lawful_caps import lawful_caps
from domain.rules.local_law import HoursHere, LocalLaw
from domain.rules.looser import looser
from domain.situation import Situation
from domain.steps import Channel
from tests.domain.builders import PLAIN, a_case, a_policy, at, live, usd
from tests.lives.lawful import TABLE

BANGKOK, OSLO, NEW_YORK = "Asia/Bangkok", "Europe/Oslo", "America/New_York"
LAW_OF_TH = TABLE.at("TH", "", (BANGKOK,))
DAYTIME = ContactHours(start=time(9), end=time(20), sundays=True, public_holidays=True)


def ids(law: LocalLaw) -> set[str]:
    return {rule.id for rule in law.rules}


def now(case: Case, moment: str, law: LocalLaw, policy: Policy = PLAIN, zone: str = BANGKOK) -> Situation:
    return Situation(case, policy, Circumstances(law=law), at(moment, zone))


def test_two_editions_stand_side_by_side() -> None:
    """Florida freed e-mails on 16 May 2025: the day of the contact chooses."""
    hours = HoursHere(ContactHours(start=time(5), end=time(23), sundays=True, public_holidays=True), florida("email"))

    assert time(8) == hours.window(date(2025, 5, 15), frozenset())[0]
    assert time(5) == hours.window(date(2025, 5, 16), frozenset())[0]
    sms = HoursHere(DAYTIME, florida("sms"))
    assert time(20) == sms.window(date(2025, 5, 16), frozenset())[1]
    assert "us-fl-hours@2010-10-01" == TABLE.rules["us-fl-hours"].on(date(2025, 5, 15)).rule
    assert TABLE.rules["us-fl-hours"].on(date(2010, 9, 30)) is None


def florida(medium: str) -> tuple[object, ...]:
    return LocalLaw(rules=(TABLE.rules["us-fl-hours"],)).hours(medium)


def test_a_known_state_has_its_own_rows_and_an_unknown_one_what_binds_in_any() -> None:
    known = ids(TABLE.at("US", "RI", (NEW_YORK,)))
    unknown = ids(TABLE.at("US", "", (NEW_YORK, "America/Chicago")))
    west = ids(TABLE.at("US", "", ("America/Los_Angeles",)))

    assert "us-ri-solicitation-hours" in known
    assert "us-ma-two-a-week" not in known
    assert {"us-ma-two-a-week", "us-fl-hours", "us-hours"} <= unknown
    assert "us-ri-solicitation-hours" not in unknown
    assert {"us-hours", "us-ca-hours"} == {name for name in west if name.endswith("hours")}


def test_the_place_now_goes_before_the_place_where_it_began() -> None:
    facts = a_case().facts
    nowhere = facts.but(country="", place_known=False)
    here = Whereabouts(country="NO", time_zones=(OSLO,))

    assert "th-hours" in ids(law_of(TABLE, facts, None, ()))
    assert "no-collections-wait" in ids(law_of(TABLE, facts, here, ()))
    assert {"th-hours", "no-collections-wait"} <= ids(law_of(TABLE, nowhere, None, ("TH", "NO")))
    assert set() == ids(law_of(TABLE, nowhere, None, ()))


def test_a_message_waits_for_lawful_hours_and_the_record_names_the_rule() -> None:
    """Saturday at seven in the evening is too late in Thailand, and Sundays are closed by the policy."""
    friendly = {"day": 5, "at": "19:00", "do": [{"remind": {"channel": "email", "stage": "friendly"}}]}
    final = {"day": 20, "do": [{"remind": {"channel": "email", "stage": "final"}}]}
    policy = a_policy(friendly, final, {"day": 30, "do": ["escalate"]})
    case = a_case(policy=policy, decline="generic_decline")
    decision = next_step(now(case, "04-06 19:00", LAW_OF_TH, policy))

    assert isinstance(decision, Wait)
    assert at("04-08 09:00") == decision.until
    [put_off] = decision.put_off
    assert ("th-hours@2015-09-02", "19:00 in Asia/Bangkok is outside 09:00–18:00") == (put_off.rule, put_off.why)


def test_hours_that_a_policy_and_the_law_do_not_share_are_the_laws() -> None:
    late = ContactHours(start=time(21), end=time(23), sundays=False, public_holidays=False)
    hours = HoursHere(late, LAW_OF_TH.hours("email"))

    assert (time(8), time(20)) == hours.window(date(2030, 4, 1), frozenset())
    assert hours.window(date(2030, 4, 7), frozenset()) is None  # a Sunday: closed by the policy


def test_the_end_waits_for_the_notice_that_the_law_asks_for() -> None:
    """Fourteen days in Norway; the notice names that day, and the handoff says by which rule."""
    case = a_case(zone=OSLO)
    law = TABLE.at("NO", "", (OSLO,))
    warned = live(case, until=at("04-23 00:00", OSLO)).case
    plain, lawful = now(warned, "04-23 00:00", LocalLaw(), zone=OSLO), now(warned, "04-23 00:00", law, zone=OSLO)
    [end] = [step for step in lawful.steps if isinstance(step, HandoffStep)]

    assert timedelta(days=7) == lawful.ends_at - plain.ends_at
    assert lawful.ends_at == end.due
    assert lawful.ask(end) == Postpone(
        until=end.due,
        why="an agency may have it no sooner than 14 days after the notice of it",
        rule="no-collections-wait@1998-07-01",
    )


def test_who_moves_away_keeps_the_time_that_was_promised() -> None:
    case = live(a_case(zone=OSLO), until=at("04-23 00:00", OSLO)).case
    law = TABLE.at("NO", "", (OSLO,))
    promised = now(case, "04-23 00:00", law, zone=OSLO)
    told = case.but(put_off={promised.schedule.end_key: promised.ends_at})

    assert promised.ends_at == now(told, "04-23 00:00", LocalLaw(), zone=OSLO).ends_at


def test_what_goes_to_no_agency_does_not_wait_for_it() -> None:
    """Two dollars are written off."""
    case = live(a_case(zone=OSLO, due=usd("2")), until=at("04-23 00:00", OSLO)).case
    law = TABLE.at("NO", "", (OSLO,))

    assert now(case, "04-23 00:00", LocalLaw(), zone=OSLO).ends_at == now(case, "04-23 00:00", law, zone=OSLO).ends_at


def contact(when: str, **fields: object) -> ContactUse:
    given = {"invoice_id": "in_2", "channel": Channel.EMAIL, "at": at(when)} | fields
    return ContactUse.model_validate(given)


def asked(when: str, *uses: ContactUse, law: LocalLaw = LAW_OF_TH, patient: str = "", insists: bool = False) -> Answer:
    moment = at(when)
    caps = ContactCaps(
        per_week=99,
        distance=timedelta(0),
        policy="standard@1",
        patient_until=at(patient) if patient else None,
        insists=insists,
        lawful=lawful_caps(law, Channel.SMS, (BANGKOK,), moment),
    )
    return caps.lawfully("in_1", uses, moment)


def test_once_a_day_is_a_day_of_the_customers_calendar() -> None:
    """Half past eight in the evening and half past eight in the morning are two days; two mails of one day are not."""
    answer = asked("04-02 10:00", contact("04-02 09:00"))

    assert isinstance(answer, Postpone)
    assert (at("04-03 00:00"), "th-once-a-day@2019-11-21") == (answer.until, answer.rule)
    assert "the law of the place has no more than 1 contact in a day" == answer.why
    assert ALLOW == asked("04-03 08:30", contact("04-02 20:30"))
    assert ALLOW == asked("04-02 10:00", contact("04-02 09:00", channel=Channel.NOTICE))
    overtaken = asked("04-02 10:00", contact("04-02 11:00"))
    assert isinstance(overtaken, Postpone)
    assert at("04-03 00:00") == overtaken.until


def test_a_cap_per_debt_counts_what_names_the_debt() -> None:
    """Two texts about it in seven days in Massachusetts, also those that another invoice's message made."""
    law = TABLE.at("US", "MA", (NEW_YORK,))
    own = contact("04-01 10:00", invoice_id="in_1", channel=Channel.SMS)
    naming = contact("04-03 10:00", names=("in_1",), channel=Channel.SMS)
    answer = asked("04-05 10:00", own, naming, law=law)

    assert isinstance(answer, Postpone)
    assert (at("04-08 10:00"), "us-ma-two-a-week@2012-03-02") == (answer.until, answer.rule)
    assert ALLOW == asked("04-05 10:00", own, contact("04-03 10:00", channel=Channel.SMS), law=law)
    assert ALLOW == asked("04-05 10:00", own, contact("04-03 10:00", names=("in_1",)), law=law)
    assert ALLOW == asked("04-08 10:00", own, naming, law=law)


def test_nothing_goes_out_above_a_lawful_cap() -> None:
    """Where the policy's own cap gives way for a final notice, the law's does not; what would be late is left out."""
    used = contact("04-02 09:00")

    assert isinstance(asked("04-02 10:00", used, patient="04-02 12:00"), Refuse)
    assert isinstance(asked("04-02 10:00", used, patient="04-02 12:00", insists=True), Postpone)
    assert isinstance(asked("04-02 10:00", used, patient="04-03 00:00"), Postpone)


def test_the_task_of_a_message_carries_the_caps_of_its_place() -> None:
    decision = next_step(now(a_case("expired_card"), "04-01 10:00", LAW_OF_TH))
    assert isinstance(decision, Act)
    [effect] = [effect for effect in decision.effects if isinstance(effect.step, MessageStep)]
    caps = effect.task.caps

    assert ["th-once-a-day@2019-11-21"] == [cap.rule for cap in caps.lawful]
    again: Message = ContactCaps.model_validate_json(caps.model_dump_json())
    assert caps == again
    assert ContactCaps.model_validate({"per_week": 7, "distance": "PT0S", "policy": "p@1"}).lawful == ()


def test_a_practice_can_be_set_aside_and_law_cannot() -> None:
    law = TABLE.at("US", "MA", (NEW_YORK,))
    left = law.without(["us-ma-two-a-week", "us-ma-solicitation-hours"])

    assert {"us-ma-solicitation-hours"} == ids(law) - ids(left)
    assert law is law.without(())


def sells(where: str, **contacts: object) -> Policy:
    return a_policy(sells_in=[where], contacts=contacts)


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        (sells("TH"), None),
        (a_policy(), None),
        (sells("DE", hours={"start": "05:00", "end": "23:00", "sundays": True, "public_holidays": True}), None),
        (
            sells("JP", hours={"start": "07:00", "end": "20:00", "sundays": False, "public_holidays": False}),
            "07:00–20:00 goes beyond the 08:00–21:00 allowed on weekdays by jp-hours@2010-06-18 in JP (sells_in)",
        ),
        (
            sells(
                "JP",
                hours={"start": "07:00", "end": "20:00", "sundays": False, "public_holidays": False},
                set_aside=["jp-hours"],
            ),
            None,
        ),
        (
            sells("ID", hours={"start": "09:00", "end": "20:00", "sundays": True, "public_holidays": False}),
            "Sundays are not allowed by id-hours@2024-01-01 in ID (sells_in)",
        ),
        (
            sells("MX", hours={"start": "09:00", "end": "20:00", "sundays": False, "public_holidays": True}),
            "public holidays are not allowed by mx-hours@2014-10-07 in MX (sells_in)",
        ),
        (
            sells("TH", per_week=8),
            "8 is more than the 7 allowed by th-once-a-day@2019-11-21 in TH (sells_in)",
        ),
        (
            sells("NO"),
            "7 is less than the 14 days needed by no-collections-wait@1998-07-01 in NO (sells_in)",
        ),
        (
            a_policy(contacts={"set_aside": ["th-hours"]}),
            "th-hours is law for a merchant that contacts its own customers, and cannot be set aside; take it out",
        ),
        (a_policy(contacts={"set_aside": ["us-hour"]}), "there is no rule us-hour; did you mean us-hours?"),
        (a_policy(contacts={"set_aside": ["nothing"]}), "there is no rule nothing; docs/law.md has them all"),
    ],
)
def test_a_policy_is_no_looser_than_the_law_where_it_sells(policy: Policy, answer: str | None) -> None:
    """One sentence for what is looser; being stricter is nobody's business."""
    assert ([answer] if answer else []) == [wrong.why for wrong in looser(policy, TABLE)]


def test_the_rows_of_a_union_hold_in_each_of_its_countries() -> None:
    """Also in one that has no rows of its own."""
    assert {"eu-default", "eu-charges"} == ids(TABLE.at("PT", "", ("Europe/Lisbon",)))
    assert {"fi-fee-wait", "fi-charges", "eu-default", "eu-charges"} == ids(TABLE.at("FI", "", ("Europe/Helsinki",)))
    assert "eu-charges" not in ids(TABLE.at("NO", "", (OSLO,)))
