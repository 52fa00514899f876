"""What terms say follows from the policies, and is what a case does."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.installation import COMPLETE, Installation
from domain.kinds.access import AccessStep
from domain.kinds.cancellation import CancelStep
from domain.kinds.charge import ChargeStep
from domain.kinds.message import MessageStep
from domain.policy import Policy
from domain.steps import Access, Stage
from domain.terms import Course, MerchantTerms, Method, Section, Stated, TermsText, TermsVersion, terms_of
from domain.terms_wording import KEYS, Said, matters
from gateways.policy_files import load_policy
from tests.domain.builders import POLICIES, STANDARD, Life, a_case, a_policy, declines, live

SENT = load_policy(POLICIES / "sent-invoices.yaml")
STRIPES = load_policy(POLICIES / "stripe-retries.yaml")


def keys(policy: Policy, stated: Stated | None = None, here: Installation = COMPLETE) -> list[str]:
    terms = terms_of(stated or Stated(), {policy.sent_invoices: policy}, here)
    return [said.key for matter in matters(terms) for said in matter.sentences]


def days(life: Life, kind: type, *which: object) -> list[int]:
    """On which days of the case, by the customer's calendar, steps of a kind were done."""
    begun = life.local(life.case.facts.opened_at).date()
    return [
        (life.local(moment).date() - begun).days
        for moment, effect in life.acts
        if isinstance(effect.step, kind) and (not which or getattr(effect.step, "access", None) in which)
    ]


@pytest.mark.parametrize("code", ["generic_decline", "insufficient_funds", "expired_card"])
@pytest.mark.parametrize("policy", [STANDARD, STRIPES], ids=lambda policy: policy.name)
def test_a_case_that_nobody_pays_keeps_the_terms(policy: Policy, code: str) -> None:
    """Nothing is taken away before the day that they name, and the final notice leaves the time that they name."""
    course = Course.of(policy, COMPLETE)
    life = live(a_case(code, policy=policy), answers=declines(code))

    planned = [effect for _, effect in life.acts if isinstance(effect.step, ChargeStep) and effect.step.day > 0]
    finals = [
        (moment, effect.step)
        for moment, effect in life.acts
        if isinstance(effect.step, MessageStep) and effect.step.stage is Stage.FINAL
    ]
    ended = next(moment for moment, effect in life.acts if isinstance(effect.step, CancelStep))
    assert len(planned) <= course.tries
    assert [limit.day for limit in course.limits] == days(life, AccessStep, Access.READ_ONLY)
    assert [course.ends_after] == days(life, CancelStep)
    assert course.grace_days == min(days(life, AccessStep, Access.READ_ONLY))
    assert finals
    assert all(timedelta(days=course.notice_days) <= ended - moment for moment, _ in finals)


def test_the_standard_policy_as_terms() -> None:
    course = Course.of(STANDARD, COMPLETE)

    assert (6, True, False) == (course.tries, course.tries_faults_at_once, course.tries_of_provider)
    assert (3, 10, 7, 28, True) == (
        course.writes_from,
        course.grace_days,
        course.notice_days,
        course.ends_after,
        course.cancels,
    )
    assert ["BRL", "EUR", "GBP", "INR", "JPY", "KWD", "THB", "USD"] == [m.currency for m in course.collections_from]


def test_what_is_not_set_up_is_not_promised() -> None:
    """Without an application nothing is restricted, and without an agency nothing is handed over."""
    bare = Installation(no_access="MERCHANT_WEBHOOK_URL is not set", no_agency="AGENCY_ENDPOINT is not set")
    course = Course.of(STANDARD, bare)

    assert ((), 28, ()) == (course.limits, course.grace_days, course.collections_from)
    said = keys(STANDARD, here=bare)
    assert "no_collections" in said
    assert not any(key.startswith("limits") for key in said)


def test_sent_invoices_are_terms_of_their_own() -> None:
    stated = Stated(due_days=14, methods=(Method.CARD,))
    both = terms_of(stated, {False: STANDARD, True: SENT}, COMPLETE)
    said = [matter.heading for matter in matters(both)]

    assert ["headings.paying", "headings.collected", "headings.sent"] == said
    assert {"due", "reminds_before", "counted.sent"} <= {*keys(SENT, stated)}
    assert not any(key.startswith("tries") or key == "no_tries" for key in keys(SENT, stated))
    # Where no policy is for sent invoices, the store answers with the one for the others.
    assert terms_of(Stated(), {False: STANDARD, True: STANDARD}, COMPLETE).sent is None


def test_who_tries_again_is_told() -> None:
    assert "tries_of_provider" in keys(STRIPES)
    assert {"tries", "tries_faults"} & {*keys(STRIPES)} == set()
    remind = [{"remind": {"channel": "email", "stage": "final"}}]
    silent = a_policy(
        {"day": 1, "do": remind}, {"day": 9, "do": ["escalate"]}, retries={"quick": (), "max_attempts": 0}
    )
    assert {"no_tries", "ends.without_subscription"} <= {*keys(silent)}


def test_what_is_taken_away_on_the_first_day_is_not_called_a_grace() -> None:
    first = {"remind": {"channel": "email", "stage": "final"}}
    strict = a_policy({"day": 0, "do": [first, {"restrict": "blocked"}]}, {"day": 9, "do": ["escalate"]})
    said = keys(strict)

    assert "limits_at_once.blocked" in said
    assert "grace" not in said


def test_every_sentence_has_its_place() -> None:
    """What is said names what its words may name, and no key is there for nothing."""
    first = {"remind": {"channel": "email", "stage": "final"}}
    strict = a_policy({"day": 0, "do": [first, {"restrict": "blocked"}]}, {"day": 9, "do": ["escalate"]})
    mild = a_policy({"day": 0, "do": [first, {"restrict": "read_only"}]}, {"day": 9, "do": ["escalate"]})
    harsh = a_policy(
        {"day": 0, "do": [first]}, {"day": 3, "do": [{"restrict": "blocked"}]}, {"day": 9, "do": ["escalate"]}
    )
    silent = a_policy({"day": 1, "do": [first]}, {"day": 9, "do": ["escalate"]}, retries={"quick": ()})
    seen = [
        terms_of(stated, {policy.sent_invoices: policy}, here)
        for policy in (STANDARD, SENT, STRIPES, strict, mild, harsh, silent)
        for stated in (Stated(due_days=0), Stated(due_days=30, methods=(Method.CARD,)))
        for here in (COMPLETE, Installation(no_agency="none"))
    ]
    said = [one for terms in seen for matter in matters(terms) for one in (*matter.sentences, Said(key=matter.heading))]

    assert all(one.values.keys() == KEYS[one.key] for one in said)
    assert KEYS.keys() - {one.key for one in said} == {"title", "headings.late_fee"}


def test_a_segment_says_only_what_is_otherwise_there() -> None:
    stated = MerchantTerms.model_validate(
        {"segments": {"any": {"due_days": 14, "methods": ["card"]}, "pro": {"due_days": 30}}}
    )

    assert Stated(due_days=30, methods=(Method.CARD,)) == stated.of("pro")
    assert stated.of("any") == stated.of("somebody")


def test_a_method_is_named_once() -> None:
    with pytest.raises(ValidationError, match="names a method twice"):
        Stated.model_validate({"methods": ["card", "card"]})


def test_a_version_is_what_it_says() -> None:
    """Any word, and any number, makes another version; the same content has the same name on every machine."""

    def version(sentence: str = "You can pay by card.", due_days: int | None = None) -> TermsVersion:
        text = TermsText(title="Terms", sections=(Section(heading="How you pay", sentences=(sentence,)),))
        terms = terms_of(Stated(due_days=due_days), {False: STANDARD}, COMPLETE)
        return TermsVersion(terms=terms, texts={"en": text})

    assert version().name == version().name
    assert 3 == len({version().name, version("You can pay by card").name, version(due_days=14).name})
    assert version() == TermsVersion.model_validate_json(version().model_dump_json())
