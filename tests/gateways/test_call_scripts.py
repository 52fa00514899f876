"""What people read aloud: whole in every language, and nothing of a debt before it is certain who is there."""

import re
from datetime import date
from pathlib import Path

import pytest

from domain.calls import Offer
from domain.declines import Reason
from domain.invoice import InvoiceState
from domain.money import Money
from domain.steps import Access, Stage
from domain.truth import MessageFacts
from gateways.call_scripts import TemplateCalls
from gateways.messages import TemplateMessages
from gateways.ports.calls import CallScript
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot, Line
from gateways.word_files import PhrasesError
from runtime.settings import ROOT
from tests.gateways.brands import a_brand

MESSAGES = ROOT / "policies" / "messages"
LANGUAGES = sorted(folder.name for folder in MESSAGES.iterdir() if (folder / "phrases.yaml").exists())
BRAND = a_brand("Acme Cloud")
BACK = "+6621234567"
FACTS = MessageFacts(
    stage=Stage.REMINDER,
    reason=Reason.DECLINED,
    next_charge_on=date(2026, 11, 28),
    restricts_on=date(2026, 12, 5),
    ends_on=date(2026, 12, 20),
)
DUE = Money(amount=14_900, currency="USD")
INVOICE = InvoiceSnapshot(
    id="in_1",
    number="A-1042",
    state=InvoiceState.OPEN,
    currency="USD",
    amount=DUE,
    remaining=DUE,
    customer_id="cus_1",
    lines=(Line(description="Team plan"),),
)


def calls(*folders: Path) -> TemplateCalls:
    return TemplateCalls(TemplateMessages([MESSAGES], BRAND), [MESSAGES, *folders], BACK)


CALLS = calls()


def script(language: str = "en", name: str | None = "Ada Carter", facts: MessageFacts = FACTS) -> CallScript:
    address = Address(customer_id="cus_1", name=name, language=language)
    return CALLS.script(facts, tuple(Offer), address, INVOICE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_of_its_own(language: str) -> None:
    said = script(language)
    own = CALLS.script(FACTS, (), Address(customer_id="cus_1", language="en"), INVOICE)

    assert said.language.replace("_", "-") == language
    assert (said.stranger == own.stranger) is (language == "en")
    assert "{" not in said.text
    assert all(text.strip() for text in (said.ask, said.check, said.stranger, said.machine, *said.lines))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stranger_and_a_machine_hear_the_merchant_and_nothing_of_a_debt(language: str) -> None:
    said = script(language)

    for text in (said.ask, said.stranger, said.machine):
        assert not re.search(r"149|A-1042|Team plan", text)
    assert "Acme Cloud" in said.machine
    assert BACK in said.machine
    assert "Ada" not in said.machine + said.stranger


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_customer_hears_what_is_owed_and_what_may_be_done(language: str) -> None:
    told, bare = script(language), script(language, facts=MessageFacts(stage=Stage.REMINDER))
    whole = "\n".join(told.lines)

    assert "A-1042" in whole
    assert "149" in whole
    assert "Team plan" in whole
    # Cause, next try and restriction are only said where they are true.
    assert len(told.lines) == len(bare.lines) + 3


@pytest.mark.parametrize(
    ("facts", "invoice", "lines"),
    [
        (FACTS.but(access=Access.READ_ONLY, tightens=True), INVOICE, ["We will try again", "is paused altogether"]),
        (FACTS.but(access=Access.BLOCKED), INVOICE, ["We will try again"]),
        (FACTS.but(restricts_on=FACTS.ends_on), INVOICE, ["We will try again"]),  # the case is over by then
        (FACTS, INVOICE.model_copy(update={"transfer": True}), ["we will limit"]),  # it is waited for
    ],
)
def test_a_call_says_what_comes_by_the_same_judgement_as_messages(
    facts: MessageFacts, invoice: InvoiceSnapshot, lines: list[str]
) -> None:
    said = CALLS.script(facts, (), Address(customer_id="cus_1", language="en"), invoice).text

    for line in ("We will try again", "we will limit", "is paused altogether"):
        assert (line in said) is (line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_that_tells_what_it_is_about_is_not_said_to_strangers_or_machines(language: str) -> None:
    """By brand.yaml they hear another one; the customer, once it is certain that it is they, the true one."""
    brand = BRAND.model_copy(update={"neutral_name": "AC Services"})
    words = TemplateCalls(TemplateMessages([MESSAGES], brand), [MESSAGES], BACK)
    said = words.script(FACTS, tuple(Offer), Address(customer_id="cus_1", name="Ada", language=language), INVOICE)
    nameless = words.script(FACTS, (), Address(customer_id="cus_1", language=language), INVOICE)

    for text in (said.ask, nameless.ask, said.machine):
        assert "AC Services" in text
    for text in (said.ask, nameless.ask, said.check, said.stranger, said.machine):
        assert "Acme Cloud" not in text
    assert "Acme Cloud" in "\n".join(said.lines)
    assert "AC Services" not in "\n".join(said.lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_next_charge_is_only_made_unless_it_is_paid_before(language: str) -> None:
    """Who is asked to pay, and hears that it will be charged as well, pays twice or fears to."""
    phrases, _ = TemplateMessages([MESSAGES], BRAND).language_of(language)
    told, due = script(language), script(language, facts=FACTS.but(tried=False))

    for said, words in ((told, phrases.unless_paid.tried), (due, phrases.unless_paid.due)):
        start, end = words.split("{{ next_charge_on }}")
        [line] = [line for line in said.lines if line.startswith(start) and line.endswith(end)]
        assert "28" in line


@pytest.mark.parametrize("language", LANGUAGES)
def test_money_that_came_back_is_said_as_such_and_not_as_a_decline(language: str) -> None:
    phrases, _ = TemplateMessages([MESSAGES], BRAND).language_of(language)
    told, back = script(language), script(language, facts=FACTS.but(came_back=True))

    assert phrases.reasons[Reason.DECLINED] in told.lines
    assert phrases.came_back not in told.lines
    assert phrases.came_back in back.lines
    assert phrases.reasons[Reason.DECLINED] not in back.lines
    assert len(told.lines) == len(back.lines)


def test_without_a_name_it_is_asked_for_whoever_has_the_account() -> None:
    assert "Ada Carter" in script().ask
    for name in (None, "null", "http://x.example"):
        asked = script(name=name).ask
        assert "an account with us" in asked


def test_only_what_the_policy_offers_is_offered() -> None:
    address = Address(customer_id="cus_1", language="en")
    plain = CALLS.script(FACTS, (), address, INVOICE)
    promise = CALLS.script(FACTS, (Offer.PROMISE,), address, INVOICE)

    assert len(plain.lines) + 1 == len(promise.lines)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('before: {stranger: "It is about {{ amount }}."}', "amount is not known there"),
        ('before: {machine: "Invoice {{ number }}"}', "number is not known there"),
        ('before: {ask: "{{ bought }}"}', "bought is not known there"),
        ('closing: "{{ merchant"', "closing"),
        ("offers: {discount: Ten percent}", "discount"),
        ("greeting: Hello", "greeting"),
    ],
)
def test_words_that_name_what_they_must_not_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "calls.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(PhrasesError, match=problem):
        calls(tmp_path)


def test_a_language_that_lacks_a_sentence_is_refused(tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    words = (MESSAGES / "en" / "calls.yaml").read_text(encoding="utf-8")
    (tmp_path / "it" / "calls.yaml").write_text(words.replace("  machine:", "  machines:"), encoding="utf-8")
    phrases = (MESSAGES / "en" / "phrases.yaml").read_text(encoding="utf-8")
    (tmp_path / "it" / "phrases.yaml").write_text(phrases, encoding="utf-8")
    messages = TemplateMessages([MESSAGES, tmp_path], BRAND)

    with pytest.raises(PhrasesError, match="machine"):
        TemplateCalls(messages, [MESSAGES, tmp_path], BACK)


@pytest.mark.parametrize("language", LANGUAGES)
def test_failure_12_a_call_names_no_failure_where_nothing_was_tried(language: str) -> None:
    phrases, _ = TemplateMessages([MESSAGES], BRAND).language_of(language)
    said = script(language, facts=FACTS.but(tried=False)).text

    assert phrases.reasons[Reason.DECLINED] not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_failure_18_a_call_names_the_other_invoices_before_it_asks(language: str) -> None:
    other = INVOICE.model_copy(update={"id": "in_2", "number": "{{ A-1043 }}"})
    address = Address(customer_id="cus_1", language=language)

    alone, both = (CALLS.script(FACTS, (), address, INVOICE, others).lines for others in ((), (other,)))

    [place] = [place for place, line in enumerate(both) if "{{ A-1043 }}" in line]
    assert alone == (*both[: place - 1], *both[place + 1 :])
    assert place < len(both) - 1
