"""What a merchant has not set up is closed to every case, with the setting's name, and for as long as it is missing."""

from domain import changes, events, life, reach
from domain.case import Outcome
from domain.installation import Installation
from domain.kinds.access import AccessStep
from domain.kinds.handoff import HandoffStep
from domain.kinds.message import MessageStep
from domain.kinds.write_off import WriteOffStep
from domain.policy import Policy
from domain.steps import Channel, Stage
from domain.truth import Ending
from tests.domain.builders import STANDARD, Life, a_case, a_policy, at, facts_of, live, situation

NO_SMS = {Channel.SMS: "TWILIO_ACCOUNT_SID is not set"}
NO_NOTICE = {Channel.NOTICE: "MERCHANT_WEBHOOK_URL is not set"}
NO_EMAIL = {Channel.EMAIL: "SENDGRID_API_KEY is not set"}
E_MAIL_ONLY = Installation(
    closed_channels=NO_SMS | NO_NOTICE,
    no_access="MERCHANT_WEBHOOK_URL is not set, and no endpoint takes service.restricted",
    no_agency="AGENCY_ENDPOINT is not set",
)


def said(lived: Life) -> list[tuple[str, Channel]]:
    return [(act.step.key, act.step.channel) for _, act in lived.acts if isinstance(act.step, MessageStep)]


def a_timeline(*channels: str, fallback: dict[str, str] | None = None) -> Policy:
    """A message on each channel on day 3, and the same channels at the end."""
    friendly = [{"remind": {"channel": channel, "stage": "friendly"}} for channel in channels]
    final = [{"remind": {"channel": channels[0], "stage": "final"}}]
    return a_policy(
        {"day": 3, "do": friendly},
        {"day": 10, "do": final},
        {"day": 20, "do": ["escalate"]},
        contacts={"fallback": fallback or {}, "action_request": channels[0]},
    )


def test_a_merchant_with_e_mail_only_lives_the_standard_policy_to_its_end() -> None:
    """Each message goes out by e-mail at its own time, once a day; nothing is restricted; the end is a write-off."""
    lived = live(a_case(installation=E_MAIL_ONLY))

    assert [
        ("d03-remind-email-friendly", Channel.EMAIL),
        ("d05-remind-sms-reminder", Channel.EMAIL),
        ("d07-remind-email-reminder", Channel.EMAIL),
        ("d10-remind-email-firm", Channel.EMAIL),
        ("d21-remind-email-final", Channel.EMAIL),
    ] == said(lived)
    assert {
        "d03-remind-notice-friendly": (
            "in-app notice (MERCHANT_WEBHOOK_URL is not set) is closed and the e-mail of day 3 says the same"
        ),
        "d10-restrict-read_only": (
            "nobody would restrict the service: MERCHANT_WEBHOOK_URL is not set, and no endpoint takes "
            "service.restricted"
        ),
        "d21-remind-sms-final": "SMS (TWILIO_ACCOUNT_SID is not set) is closed and the e-mail of day 21 says the same",
    } == dict(lived.skips)
    assert (Outcome.WRITTEN_OFF, []) == (lived.outcome, lived.asked)


def test_the_step_that_fell_back_names_the_setting() -> None:
    lived = live(a_case(installation=E_MAIL_ONLY), until=at("04-07 00:00"))
    [why] = [act.why for _, act in lived.acts if act.step.key == "d05-remind-sms-reminder"]

    assert "reminder e-mail on day 5 of the timeline, in place of SMS (TWILIO_ACCOUNT_SID is not set)" == why


def test_without_any_channel_each_message_is_refused_with_the_setting() -> None:
    """A human is asked before the end, as with addresses that are all closed."""
    nothing = Installation(closed_channels=NO_SMS | NO_NOTICE | NO_EMAIL)
    lived = live(a_case(installation=nothing))

    assert [] == said(lived)
    assert "no channel is left to this customer (sms: TWILIO_ACCOUNT_SID is not set)" in dict(lived.skips).values()
    assert 1 == len(lived.asked)


def test_a_wish_is_kept_where_the_channel_is_not_set_up_either() -> None:
    """Who wanted no e-mail gets no SMS in its place, also while there is no e-mail for anybody."""
    no_email = Installation(closed_channels=NO_EMAIL)
    case = changes.close_channel(a_case(installation=no_email), Channel.EMAIL, events.ContactResult.OPTED_OUT.words)

    assert [
        ("d03-remind-notice-friendly", Channel.NOTICE),
        ("d05-remind-sms-reminder", Channel.SMS),
        ("d21-remind-sms-final", Channel.SMS),
    ] == said(live(case))
    assert ("d07-remind-email-reminder", Channel.SMS) in said(live(a_case(installation=no_email)))


def test_no_message_promises_a_restriction_that_nobody_would_make() -> None:
    """What is said before day 10, with and without somebody who would hear of it."""
    now = at("04-08 10:00")

    assert facts_of(a_case(), Stage.REMINDER, now).restricts_on is not None
    assert facts_of(a_case(installation=E_MAIL_ONLY), Stage.REMINDER, now).restricts_on is None


def test_a_restriction_that_stands_is_taken_back_whoever_hears_of_it() -> None:
    """The settings went away after it was made."""
    case = a_case(installation=E_MAIL_ONLY)
    [restrict, restore] = [
        AccessStep(key=key, due=case.facts.opened_at, day=0, access=access)
        for key, access in (("d10-restrict-read_only", "read_only"), ("end-restore", "full"))
    ]
    now = situation(case, at("04-12 10:00"))

    assert now.refusal(restrict)
    assert now.refusal(restore) is None


def test_without_an_agency_the_final_notice_and_the_end_are_a_write_off() -> None:
    """100 dollars would be worth an agency's work."""
    case, now = a_case(installation=Installation(no_agency="AGENCY_ENDPOINT is not set")), at("04-22 10:00")
    lived = live(case)
    [end] = [act for _, act in lived.acts if isinstance(act.step, WriteOffStep | HandoffStep)]

    assert Ending.COLLECTIONS is facts_of(a_case(), Stage.FINAL, now).ending
    told = facts_of(case, Stage.FINAL, now)
    assert (Ending.WRITE_OFF, None) == (told.ending, told.agency_from)
    assert isinstance(end.step, WriteOffStep)
    assert "the announced end: there is no agency (AGENCY_ENDPOINT is not set)" == end.why
    assert lived.close
    assert "the announced end came; there is no agency (AGENCY_ENDPOINT is not set)" == lived.close.why


def test_a_handoff_that_was_ordered_is_not_written_off_in_its_place() -> None:
    """The agency's gateway refuses it, and an operator is asked."""
    case = a_case(installation=Installation(no_agency="AGENCY_ENDPOINT is not set"))
    ordered = [(at("04-05 10:00"), lambda case, now: life.carry_out(case, "hand_off", events.HandOff(), now))]
    lived = live(case, told=ordered)

    assert [HandoffStep] == [type(act.step) for _, act in lived.acts if act.step.key == "d28-escalate"]


def test_a_policy_whose_messages_could_not_be_sent_is_refused() -> None:
    assert (
        "No message of policy standard@1 could be sent (SMS: TWILIO_ACCOUNT_SID is not set): set what is missing, or "
        "give the policy a channel that is set up."
    ) == reach.refusal(a_timeline("sms"), E_MAIL_ONLY.closed_channels)


def test_a_policy_that_can_say_something_is_not_refused() -> None:
    """By a channel of its own, or by a fallback."""
    closed = E_MAIL_ONLY.closed_channels

    assert reach.refusal(a_timeline("sms", "email"), closed) is None
    assert reach.refusal(a_timeline("sms", fallback={"sms": "notice", "notice": "email"}), closed) is None
    assert reach.refusal(STANDARD, {}) is None


def test_messages_that_no_channel_is_left_for_are_named() -> None:
    assert [
        "the friendly SMS of day 3",
        "the final SMS of day 10",
        "the SMS that asks at once (action_request)",
    ] == reach.unsaid(a_timeline("sms", "email"), E_MAIL_ONLY.closed_channels)
    assert [] == reach.unsaid(STANDARD, E_MAIL_ONLY.closed_channels)
