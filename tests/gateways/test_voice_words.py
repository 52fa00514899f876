"""What the automatic service says: whole in every language, and nothing of a debt before it is known who is there."""

import re
from pathlib import Path

import pytest

from gateways.messages import TemplateMessages
from gateways.ports.messages import Address
from gateways.ports.voice import CallFate, VoiceScript
from gateways.twilio_voice import fate_of, is_machine, spoken
from gateways.voice_words import TemplateVoice
from gateways.word_files import PhrasesError
from tests.gateways.test_call_scripts import BACK, BRAND, INVOICE, LANGUAGES, MESSAGES

OF_A_DEBT = re.compile(
    r"A-1042|149|invoice|unpaid|rechnung|offen|facture|régler|factura|pendiente|fatura|aberto|ใบแจ้งหนี้|ค้างชำระ|請求|支払",
    re.IGNORECASE,
)


def voice(*folders: Path) -> TemplateVoice:
    return TemplateVoice(TemplateMessages([MESSAGES], BRAND), [MESSAGES, *folders], BACK)


VOICE = voice()
KEYS = {"Eins": "1", "Zwei": "2", "Neun": "9"}
"""German spells them."""


def script(language: str, name: str | None = "Ada Carter") -> VoiceScript:
    return VOICE.script(Address(customer_id="cus_1", name=name, language=language))


def about(language: str, words: TemplateVoice = VOICE) -> str:
    return words.about(Address(customer_id="cus_1", language=language), INVOICE)


def keys(text: str) -> list[str]:
    return [KEYS.get(key, key) for key in re.findall(rf"\d|{'|'.join(KEYS)}", text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_and_a_voice_of_its_own(language: str) -> None:
    said = script(language)

    assert said.locale.startswith(language[:2])
    assert said.locale in said.voice or said.voice.startswith("Polly.")
    assert (said.stranger == script("en").stranger) is (language == "en")
    assert "{" not in said.model_dump_json().strip("{}")
    assert all(text.strip() for text in said.model_dump().values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["Ada Carter", None])
def test_nothing_of_a_debt_is_said_before_the_first_key(language: str, name: str | None) -> None:
    """Who calls and where they answer comes first (47 CFR 64.1200 (b))."""
    said = script(language, name)

    for text in (said.ask, said.who, said.stranger, said.goodbye, said.no_more):
        assert not OF_A_DEBT.search(text)
    assert "Acme Cloud" in said.ask
    assert " ".join(BACK) in said.ask
    assert ("Ada Carter" in said.ask) is bool(name)
    assert ["1", "2", "9"] == keys(said.who)
    assert OF_A_DEBT.search(about(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_wish_has_its_key(language: str) -> None:
    said = script(language)

    assert ["1", "2", "9"] == [key for text in (said.pay_link, said.call_back, said.opt_out) for key in keys(text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_that_tells_what_it_is_about_is_said_after_the_first_key_only(language: str) -> None:
    """As by people: by brand.yaml strangers hear another one."""
    words = TemplateVoice(
        TemplateMessages([MESSAGES], BRAND.model_copy(update={"neutral_name": "AC Services"})), [MESSAGES], BACK
    )
    for name in ("Ada", None):
        said = words.script(Address(customer_id="cus_1", name=name, language=language))
        assert "AC Services" in said.ask
        assert "Acme Cloud" not in "".join((said.ask, said.who, said.stranger, said.goodbye, said.no_more))
    assert "Acme Cloud" in about(language, words)


def test_no_german_number_stands_before_a_full_stop() -> None:
    """It may be read as an ordinal: "drücken Sie die erste"."""
    assert not [text for text in script("de").model_dump().values() if re.search(r"\d\.(?!\d)", text)]


@pytest.mark.parametrize(
    ("language", "name", "called"),
    [
        ("th", "สมชาย ใจดี", "ถึงคุณสมชาย ใจดี ค่ะ"),
        ("th", "Ada Carter", "ถึงคุณ Ada Carter ค่ะ"),
        ("th", "บริษัท ฟ้าใส จำกัด", "ถึงผู้ติดต่อของ บริษัท ฟ้าใส จำกัด ค่ะ"),
        ("ja", "山田太郎", "山田太郎様に"),
        ("ja", "Acme Ltd", "Acme Ltdのご担当者様に"),
    ],
)
def test_who_is_asked_for_is_called_as_is_polite(language: str, name: str, called: str) -> None:
    assert called in script(language, name).ask


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('before: {ask: "Invoice {{ number }}"}', "number is not known there"),
        ('before: {who: "{{ amount }}"}', "amount is not known there"),
        ('before: {stranger: "{{ name }}"}', "name is not known there"),
        ("greeting: Hello", "greeting"),
        ('about: "{{ number"', "about"),
    ],
)
def test_words_that_name_what_they_must_not_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "voice.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(PhrasesError, match=problem):
        voice(tmp_path)


def test_one_key_is_waited_for_and_then_the_call_ends() -> None:
    said = spoken(script("ja"), ("一", "二"), keys_to="https://dunning.example.com/voice/call_1/1/who")

    assert re.search(r'<Gather [^>]*numDigits="1"', said)
    assert 2 == said.partition("</Gather>")[0].count('language="ja-JP" voice="Polly.Mizuki"')
    assert said.endswith("<Hangup /></Response>")


def test_what_twilio_says_of_a_call() -> None:
    machines = [by for by in ("machine_start", "machine_end_beep", "human", "unknown", "fax", "") if is_machine(by)]
    over = [status for status in ("queued", "ringing", "in-progress") if fate_of(status) is not CallFate.ON_ITS_WAY]

    assert ["machine_start", "machine_end_beep"] == machines
    assert [] == over
    assert CallFate.OVER is fate_of("completed")
    assert {CallFate.NOT_ANSWERED} == {fate_of(status) for status in ("busy", "no-answer", "failed", "canceled")}
