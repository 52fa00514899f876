"""Every word of a message holds when it is sent."""

from datetime import date

import pytest

from domain import changes, events, news
from domain.case import Case, Unfinished
from domain.decisions import Act
from domain.declines import DeclineClass, RawDecline, Reason
from domain.invoice import InvoiceNow, MethodRef, SubscriptionState
from domain.kinds.message import ContactTask
from domain.money import Money
from domain.steps import Access, Stage
from domain.truth import Ending, MessageFacts
from tests.domain.builders import a_case, a_decline, a_policy, at, decide, facts_of, live, of_class, payment, usd


def said(case: Case, key: str) -> MessageFacts:
    """What the message with this key says when its time comes."""
    life = live(case)
    return next(
        effect.task.facts for _, effect in life.acts if effect.step.key == key and isinstance(effect.task, ContactTask)
    )


def test_the_friendly_mail_names_the_cause_the_next_try_and_the_end() -> None:
    """On day 3, after that day's try."""
    facts = said(a_case("insufficient_funds"), "d03-remind-email-friendly")

    assert Stage.FRIENDLY is facts.stage
    assert Reason.INSUFFICIENT_FUNDS is facts.reason
    assert facts.action is None
    assert date(2030, 4, 5) == facts.next_charge_on  # the payday before day 5
    assert (Access.FULL, date(2030, 4, 11), date(2030, 4, 29)) == (facts.access, facts.restricts_on, facts.ends_on)


def test_every_message_before_a_restriction_names_it() -> None:
    """The first one as well: it may be the only one that arrives."""
    case = a_case("expired_card")
    named = {
        key: said(case, key).restricts_on for key in ("ask-0", "d03-remind-email-friendly", "d05-remind-sms-reminder")
    }

    assert {date(2030, 4, 11)} == set(named.values())


def test_where_only_friendly_messages_come_before_a_restriction_they_name_it() -> None:
    """Nobody is restricted without having been told."""
    friendly = {"remind": {"channel": "email", "stage": "friendly"}}
    final = {"remind": {"channel": "email", "stage": "final"}}
    policy = a_policy(
        {"day": 2, "do": [friendly]},
        {"day": 5, "do": [{"restrict": "read_only"}]},
        {"day": 7, "do": [final]},
        {"day": 14, "do": ["escalate"]},
    )

    assert date(2030, 4, 6) == said(a_case(policy=policy), "d02-remind-email-friendly").restricts_on


def test_who_has_to_act_is_told_what_to_do_and_of_no_try() -> None:
    """A card that is dead is not tried again, and nothing says so."""
    facts = said(a_case("expired_card"), "ask-0")

    assert (DeclineClass.NEW_METHOD, Reason.EXPIRED_CARD, None) == (facts.action, facts.reason, facts.next_charge_on)


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent", "pickup_card", "merchant_blacklist"])
def test_masked_causes_have_no_word_of_their_own(code: str) -> None:
    """Declined, and nothing more."""
    assert Reason.DECLINED is facts_of(a_case(code), Stage.REMINDER, at("04-02 12:00")).reason


@pytest.mark.parametrize(("due", "ending"), [("100", Ending.COLLECTIONS), ("20", Ending.WRITE_OFF)])
def test_the_final_notice_names_what_will_happen(due: str, ending: Ending) -> None:
    """By what is due then."""
    facts = said(a_case(due=usd(due)), "d21-remind-email-final")

    assert (ending, date(2030, 4, 29), Access.READ_ONLY) == (facts.ending, facts.ends_on, facts.access)
    assert facts.restricts_on is None


def test_a_part_payment_that_ends_the_agencys_interest_changes_what_is_announced() -> None:
    """Sixty of a hundred dollars paid before the final notice."""
    paid_part = payment("p", usd("60"))(a_case(), at("04-02 12:00"))

    assert Ending.WRITE_OFF is facts_of(paid_part, Stage.FINAL, at("04-22 10:00")).ending


def test_a_try_that_waits_for_its_provider_is_the_next_try() -> None:
    """Day 10's try is put off by an hour: the mail of that morning does not name day 14."""
    case = live(a_case(), until=at("04-10 12:00")).case
    act = decide(case, at("04-11 10:00"))
    assert isinstance(act, Act)
    waiting = changes.unanswered(case, act.step, "no answer", at("04-11 10:00"))

    assert date(2030, 4, 11) == facts_of(waiting, Stage.REMINDER, at("04-11 10:01")).next_charge_on


def test_a_try_that_the_network_put_off_beyond_the_end_is_not_announced() -> None:
    """It will never be made."""
    case = a_case(of_class(DeclineClass.RETRY_LATER, not_before=at("06-15 10:00")))

    assert facts_of(case, Stage.REMINDER, at("04-08 10:00")).next_charge_on is None


def test_a_final_notice_that_goes_out_late_names_the_later_end() -> None:
    """Over a Sunday and two holidays: 25 April, and seven days from then."""
    free = (date(2030, 4, 22), date(2030, 4, 23), date(2030, 4, 24))
    case = a_case(holidays=free)

    assert date(2030, 5, 2) == said(case, "d21-remind-email-final").ends_on
    assert "05-02 10:00 d28-escalate" in live(case).table


def test_what_is_said_holds_in_every_zone_by_its_own_calendar() -> None:
    """Dates are the customer's dates."""
    facts = said(a_case(zone="Pacific/Kiritimati"), "d03-remind-email-friendly")

    assert (date(2030, 4, 6), date(2030, 4, 29)) == (facts.next_charge_on, facts.ends_on)


def test_nothing_is_said_to_have_failed_without_a_try() -> None:
    """No card, no attempt."""
    facts = facts_of(a_case(None, tried_before=False), Stage.REMINDER, at("04-02 09:00"))

    assert (False, None) == (facts.tried, facts.reason)
    assert facts_of(a_case(a_decline()), Stage.REMINDER, at("04-02 09:00")).tried


def test_no_bank_is_said_to_have_declined_after_the_expired_card_was_replaced() -> None:
    """Nobody asked the bank of the new card yet: the old answer stands no more, and no other takes its place."""
    old = MethodRef(id="pm_1", fingerprint="f1", expiry="01/2020")
    expired = a_decline("expired_card").but(raw=RawDecline(decline_code="expired_card", method=old))
    case = live(a_case(expired), until=at("04-11 09:00")).case
    new = MethodRef(id="pm_2", fingerprint="f2", expiry="12/2031")
    case = changes.invoice_is(case, InvoiceNow(method=new), at("04-11 09:30"), "test")

    facts = facts_of(case, Stage.FIRM, at("04-11 10:00"))

    assert case.decline is None
    assert (None, None, True) == (facts.reason, facts.action, facts.tried)


def test_a_policy_without_an_agency_announces_a_write_off() -> None:
    """Whatever the amount."""
    policy = a_policy(endgame={"collections": None})

    assert Ending.WRITE_OFF is said(a_case(policy=policy), "d21-remind-email-final").ending


@pytest.mark.parametrize(("day", "told"), [(None, False), (28, True)])
def test_a_cancellation_is_announced_for_the_end_only_if_it_happens_then(day: int | None, told: bool) -> None:
    """Not where the policy cancels nothing."""
    days: dict[int, list[object]] = {
        10: [{"remind": {"channel": "email", "stage": "firm"}}],
        21: [{"remind": {"channel": "email", "stage": "final"}}],
        28: ["escalate"],
    }
    if day:
        days[day].insert(0, "cancel_subscription")
    case = a_case(policy=a_policy(*({"day": number, "do": steps} for number, steps in days.items())))

    assert [told, told] == [said(case, key).cancels for key in ("d10-remind-email-firm", "d21-remind-email-final")]


def test_who_has_no_subscription_any_more_is_not_told_that_paying_brings_the_access_back() -> None:
    """Service is restored to subscriptions that run on, never to one that was ended on the way."""
    policy = a_policy(
        {"day": 5, "do": [{"remind": {"channel": "email", "stage": "firm"}}, {"restrict": "read_only"}]},
        {"day": 21, "do": [{"remind": {"channel": "email", "stage": "final"}}, {"restrict": "blocked"}]},
        {"day": 28, "do": ["escalate"]},
    )
    ended = events.InvoiceChanged(event_id="e", subscription=SubscriptionState.ENDED)
    told = (at("04-15 10:00"), lambda case, now: news.invoice_changed(case, ended, now))
    lived = live(a_case(policy=policy), told=[told])
    final = next(effect.task for _, effect in lived.acts if effect.step.key == "d21-remind-email-final")

    assert isinstance(final, ContactTask)
    assert (Access.FULL, None) == (final.facts.access, final.facts.restricts_on)


@pytest.mark.parametrize(("remaining", "ending"), [("50", Ending.COLLECTIONS), ("49.99", Ending.WRITE_OFF)])
def test_the_announced_end_is_that_of_the_amount_that_is_read_when_it_is_sent(remaining: str, ending: Ending) -> None:
    """A credit note that the case has not heard of; the case then ends by the amount that it hears of so."""
    case = a_case()
    facts = facts_of(case, Stage.FINAL, at("04-22 10:00"))
    read = changes.invoice_is(case, InvoiceNow(remaining=usd(remaining)), at("04-22 10:00"), "d21-remind-email-final")

    assert ending is facts.with_due(usd(remaining)).ending
    assert ending is facts_of(read, Stage.FINAL, at("04-22 10:00")).ending


def test_without_an_agency_no_amount_changes_the_announced_end() -> None:
    """Neither where the policy has none, nor in a currency that it does not collect."""
    for case in (a_case(policy=a_policy(endgame={"collections": None})), a_case(due=Money(amount=99, currency="SEK"))):
        facts = facts_of(case, Stage.FINAL, at("04-22 10:00"))

        assert Ending.WRITE_OFF is facts.with_due(case.due + case.due).ending


def test_a_block_is_announced_while_the_account_is_read_only() -> None:
    """Read-only on day 10, blocked on day 14: the mail of day 12 says so."""
    policy = a_policy(
        {"day": 5, "do": [{"remind": {"channel": "email", "stage": "reminder"}}]},
        {"day": 10, "do": [{"restrict": "read_only"}]},
        {"day": 12, "do": [{"remind": {"channel": "email", "stage": "firm"}}]},
        {"day": 14, "do": [{"restrict": "blocked"}]},
        {"day": 21, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 28, "do": ["escalate"]},
    )

    facts = said(a_case(policy=policy), "d12-remind-email-firm")

    assert (Access.READ_ONLY, date(2030, 4, 15), True) == (facts.access, facts.restricts_on, facts.tightens)


def _restricting(do: list[object], **said: object) -> Case:
    """Restricted on day 7, a Monday whose messages wait for Tuesday: it is a holiday."""
    policy = a_policy(
        {"day": 3, "do": [{"remind": {"channel": "email", "stage": "friendly"}}]},
        {"day": 7, "do": do},
        {"day": 21, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 28, "do": ["escalate"]},
        **said,
    )
    return a_case(policy=policy, holidays=(date(2030, 4, 8),))


@pytest.mark.parametrize("catch_up", ["latest", "all", "none"])
def test_a_restriction_that_waits_for_a_message_is_announced_for_the_day_on_which_it_comes(catch_up: str) -> None:
    """Whether the message stands before it in its entry or after it, and however the policy catches up: it was never
    missed."""
    restrict, remind = {"restrict": "read_only"}, {"remind": {"channel": "email", "stage": "reminder"}}
    for do in ([restrict, remind], [remind, restrict]):
        case = _restricting(do, catch_up=catch_up)

        assert date(2030, 4, 9) == said(case, "d03-remind-email-friendly").restricts_on
        assert "04-09" == next(row for row in live(case).table if "restrict" in row)[:5]


def test_a_final_notice_that_goes_out_after_the_planned_end_names_a_day_to_come() -> None:
    """Its provider took nothing for days, until the end was due and a human was asked."""
    silent = (at("04-22 10:00"), at("05-03 10:00"))
    case = live(a_case(), until=at("04-21 12:00")).case
    act = decide(case, silent[0])
    assert isinstance(act, Act)
    for effect in act.effects:
        case = changes.unanswered(case, effect.step, "no answer", silent[0])

    assert date(2030, 5, 10) == facts_of(case, Stage.FINAL, silent[1]).ends_on


def test_a_second_final_notice_on_the_last_day_promises_no_other_end() -> None:
    """A cap held it up until the end that the first one had named; it named a day a week later, and the case ended."""
    whole = live(a_case())
    place = next(place for place, (_, act) in enumerate(whole.acts) if act.step.key == "d28-escalate")
    (end, _), case = whole.acts[place], whole.before[place]

    assert whole.local(end).date() == facts_of(case, Stage.FINAL, end).ends_on


def test_a_firm_message_after_the_final_notice_knows_that_it_is_out() -> None:
    """It speaks of none that would follow."""
    case = live(a_case(), until=at("04-24 10:00")).case

    assert [False, True] == [facts_of(one, Stage.FIRM, at("04-24 10:00")).warned for one in (a_case(), case)]


def test_nothing_is_given_back_by_a_restriction() -> None:
    """Who is blocked stays so until the end: no policy's read-only day after it lets anybody read."""
    policy = a_policy(
        {"day": 3, "do": [{"remind": {"channel": "email", "stage": "firm"}}, {"restrict": "blocked"}]},
        {"day": 10, "do": [{"restrict": "read_only"}]},
        {"day": 21, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 28, "do": ["escalate"]},
    )
    lived = live(a_case(policy=policy))

    assert ["d03-restrict-blocked"] == [row[12:] for row in lived.table if "restrict" in row]
    assert "the service is blocked already, and a restriction gives nothing back" in dict(lived.skips).values()


def _held_up(key: str, case: Case) -> Case:
    """The case in the morning of day 7, whose provider has not taken this step, and is asked again the next morning."""
    step = next(effect.step for _, effect in live(case).acts if effect.step.key == key)
    case = live(case, until=at("04-08 09:00")).case
    known = Unfinished(step=step, not_before=at("04-09 09:30"), times=3)
    others = {other: record for other, record in case.steps.items() if other != key}
    return changes.changed(case, steps=others, unfinished={key: known})


_FRIENDLY = {"remind": {"channel": "email", "stage": "friendly"}}
_RESTRICTED = (
    {"day": 3, "do": [_FRIENDLY]},
    {"day": 7, "do": [{"remind": {"channel": "sms", "stage": "reminder"}}, {"restrict": "read_only"}]},
    {"day": 21, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
    {"day": 28, "do": ["escalate"]},
)


@pytest.mark.parametrize("key", ["d07-restrict-read_only", "d07-remind-sms-reminder", "ask-0"])
def test_a_restriction_that_a_provider_holds_up_is_announced_for_the_day_on_which_it_is_asked_again(key: str) -> None:
    """Whether its own takes nothing, or that of a message that it waits for: of the timeline, or of what only the
    customer can do."""
    held_up = _held_up(key, a_case("expired_card", policy=a_policy(*_RESTRICTED)))

    assert date(2030, 4, 9) == facts_of(held_up, Stage.FIRM, at("04-08 18:00")).restricts_on
