"""What the customer reads is true, complete, polite and harmless, on every channel and in every language."""

import itertools
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from domain.declines import DeclineClass, Reason
from domain.invoice import InvoiceState
from domain.merchant import MerchantContact
from domain.money import Money
from domain.steps import DEMANDS, TEXTS, WRITTEN, Access, Channel, Stage
from domain.truth import Ending, MessageFacts
from gateways.messages import TemplateMessages
from gateways.ports.messages import Address, Rendered
from gateways.ports.payments import InvoiceSnapshot, PaymentMethod
from gateways.ports.trouble import ProviderMisuse
from gateways.sms_length import is_gsm7, segments, usual_segments
from tests.gateways.brands import a_brand
from tests.letters import A_DAY, AUSTIN

DIRECTORY = Path(__file__).resolve().parents[2] / "policies" / "messages"
HELP = MerchantContact.read("help@acme.example")
MESSAGES = TemplateMessages([DIRECTORY], a_brand("Acme Cloud"))
LINK = "https://pay.acme.example/i/x7Kq2"
NUMBER = "1A2B3C4D-0001"
LANGUAGES = sorted(file.parent.name for file in DIRECTORY.glob("*/phrases.yaml"))
PRICES = {
    "de": (14900, "EUR", "149,00\u00a0€"),
    "en": (14900, "USD", "$149.00"),
    "es": (14900, "EUR", "149,00\u00a0€"),
    "fr": (14900, "EUR", "149,00\u00a0€"),
    "ja": (1490, "JPY", "￥1,490"),
    "pt-BR": (14900, "BRL", "R$\u00a0149,00"),
    "th": (150000, "THB", "฿1,500.00"),
}
"""What is due, and how each language writes it."""
NEXT, END = date(2026, 3, 9), date(2026, 3, 28)

FORBIDDEN = re.compile(
    r"\b(lost|stolen|fraud\w*)\b|หาย|ขโมย|ทุจริต|ฉ้อโกง|verloren|gestohlen|betrug|perdue|volé|fraude|perdid|robad"
    r"|roubad|紛失|盗難|不正",
    re.IGNORECASE,
)
# Wordings that state a failed try, or promise another one.
FAILED_TRY = re.compile(
    r"could not collect|did not go through|not approve|when we tried|ไม่สามารถเรียกเก็บ|ไม่สำเร็จ|ไม่อนุมัติ"
    r"|einziehen|nicht geklappt|nicht gelingt|nicht freigegeben|pas pu|abouti|pas autorisé|pudimos|podido"
    r"|no se completó|no llega a completarse|no autorizó"
    r"|não conseguimos|sem sucesso|não foi concluído|não autorizou|お引き落とし(が|も|を)?でき|できませんでした"
    r"|承認されませんでした"
)
NEXT_TRY = re.compile(
    r"try again|will collect|เรียกเก็บเงินอีกครั้ง|เรียกเก็บอีกครั้ง|จะเรียกเก็บ|noch einmal(\.|, den Betrag)|buchen|tentative"
    r"|prélevé le|prélèvement prévu"
    r"|intentaremos|cobraremos|tentar de novo|tentar cobrar|será cobrado|vamos cobrar|引き落とします"
    r"|お引き落としいたします"
)


def an_invoice(
    amount: int = 14900, currency: str = "USD", *, total: int | None = None, subscription: bool = True
) -> InvoiceSnapshot:
    return InvoiceSnapshot(
        id="in_1",
        number=NUMBER,
        state=InvoiceState.OPEN,
        currency=currency,
        amount=Money(amount=total or amount, currency=currency),
        remaining=Money(amount=amount, currency=currency),
        customer_id="cus_1",
        subscription_id="sub_1" if subscription else None,
        pay_url=LINK,
    )


def some_facts(stage: Stage, reason: Reason = Reason.DECLINED, **changes: object) -> MessageFacts:
    ending = {"ends_on": END, "ending": Ending.COLLECTIONS} if stage is Stage.FINAL else {}
    return MessageFacts.model_validate({"stage": stage, "reason": reason, **ending, **changes})


def someone(name: str | None = "Somchai Jaidee") -> Address:
    return Address(
        customer_id="cus_1", name=name, email="s@example.com", phone="+66800000000", postal_address=AUSTIN.text
    )


def rendered(channel: Channel, facts: MessageFacts, language: str = "en", name: str | None = "Somchai") -> Rendered:
    amount, currency, _ = PRICES.get(language, PRICES["en"])
    invoice = an_invoice(amount, currency)
    return MESSAGES.render(channel, facts, someone(name), invoice, language, on=A_DAY)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's
        self._style = False

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.found.append(data)


def words_of(html: str) -> str:
    """The text that a reader sees of an HTML page."""
    parser = _Words()
    parser.feed(html)
    return " ".join(" ".join(parser.found).split())


def parts(message: Rendered) -> list[str]:
    return [part for part in (message.subject, message.text, words_of(message.html)) if part]


def every_situation() -> Iterator[MessageFacts]:
    """Stage × reason × action × tried × next charge, with every kind of access in turn and a restriction to come."""
    actions = (None, *DeclineClass)
    accesses = itertools.cycle(Access)
    for stage, reason, action, tried, next_charge_on in itertools.product(
        DEMANDS, Reason, actions, (True, False), (None, NEXT)
    ):
        yield some_facts(
            stage,
            reason,
            action=action,
            tried=tried,
            next_charge_on=next_charge_on,
            access=next(accesses),
            restricts_on=date(2026, 3, 17),
        )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", list(WRITTEN))
def test_every_message_is_true_complete_and_polite(channel: Channel, language: str) -> None:
    """In every situation: no forbidden word, no claim without its fact, and the amount, number and link are there."""
    _, _, amount = PRICES[language]
    for facts in every_situation():
        message = rendered(channel, facts, language)
        read = "\n".join(parts(message))

        assert not FORBIDDEN.search(read), read
        assert facts.tried or not FAILED_TRY.search(read), read
        assert facts.next_charge_on or not NEXT_TRY.search(read), read
        assert not re.search(r"[{}<>]|None|Undefined", read), read
        assert not re.search(r"[!！]", read), read
        for part in filter(None, (message.text, message.html)):
            assert " ".join(amount.split()) in " ".join(part.split())
            assert NUMBER in part
            assert LINK in part
        assert "Acme Cloud" in message.text
        assert bool(message.subject) is (channel not in TEXTS)
        assert bool(message.html) is (channel is Channel.EMAIL)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", list(DEMANDS))
def test_both_parts_of_an_email_say_the_same(stage: Stage, language: str) -> None:
    """Every line of the text part is read in the HTML part, too."""
    message = rendered(Channel.EMAIL, some_facts(stage, next_charge_on=NEXT), language)
    page = re.sub(r"[:：\s]", "", words_of(message.html))

    for line in filter(None, message.text.splitlines()):
        assert re.sub(r"[:：\s]", "", line) in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_message_costs_what_it_must(language: str) -> None:
    """One segment, in Thai and Japanese two, the link included, for usual names, numbers and amounts."""
    for facts in every_situation():
        text = rendered(Channel.SMS, facts, language).text

        assert segments(text) <= usual_segments(text), text
        assert is_gsm7(text) is (language not in ("ja", "th"))


@pytest.mark.parametrize("currency", ["INR", "THB", "KWD", "EUR", "JPY"])
def test_an_english_text_message_stays_in_the_basic_alphabet(currency: str) -> None:
    """A currency sign outside it would halve the room: the ISO code stands in."""
    text = MESSAGES.render(Channel.SMS, some_facts(Stage.REMINDER), someone(), an_invoice(15000, currency), "en").text

    assert is_gsm7(text)


@pytest.mark.parametrize("channel", list(WRITTEN))
@pytest.mark.parametrize(
    ("language", "day", "short", "collections"),
    [
        ("en", "March 28, 2026", "Mar 28", "collections"),
        ("th", "28 มีนาคม 2569", "28 มี.ค.", "ติดตามหนี้"),
        ("de", "28. März 2026", "28. März", "Inkasso(büro|unternehmen)"),
        ("fr", "28 mars 2026", "28 mars", "recouvrement"),
        ("es", "28 de marzo de 2026", "28 mar", "empresa de cobros"),
        ("pt-BR", "28 de março de 2026", "28 de mar.", "(outra empresa|empresa de cobrança)"),
        ("ja", "2026年3月28日", "3月28日", "委託"),
    ],
)
def test_the_final_notice_names_date_and_consequence(
    channel: Channel, language: str, day: str, short: str, collections: str
) -> None:
    for ending in Ending:
        text = rendered(channel, some_facts(Stage.FINAL, ending=ending), language).text

        assert (short if channel in TEXTS else day) in text
        assert bool(re.search(collections, text)) is (ending is Ending.COLLECTIONS)


@pytest.mark.parametrize("missing", ["ends_on", "ending"])
def test_a_final_notice_without_its_date_or_consequence_is_refused(missing: str) -> None:
    facts = some_facts(Stage.FINAL).model_copy(update={missing: None})

    with pytest.raises(ProviderMisuse, match="no date or no consequence"):
        rendered(Channel.SMS, facts)


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "https://a.example/x y"])
def test_a_message_without_a_pay_link_is_refused(url: str | None) -> None:
    invoice = an_invoice().model_copy(update={"pay_url": url})

    with pytest.raises(ProviderMisuse, match="Invoice in_1 has no pay link"):
        MESSAGES.render(Channel.SMS, some_facts(Stage.FRIENDLY), someone(), invoice, "en")


def test_no_subscription_is_cancelled_where_there_is_none() -> None:
    invoice = an_invoice(subscription=False)
    texts = [
        MESSAGES.render(channel, some_facts(Stage.FINAL), someone(), invoice, "en", on=A_DAY).text
        for channel in WRITTEN
    ]

    assert not any(re.search("subscription|plan ends", text) for text in texts)
    assert all("collections" in text for text in texts)


def test_no_subscription_is_said_to_be_cancelled_that_the_end_leaves_alone() -> None:
    texts = [rendered(channel, some_facts(Stage.FINAL, cancels=False)).text for channel in WRITTEN]

    assert not any(re.search("subscription|plan ends", text) for text in texts)


def test_without_a_try_the_invoice_is_due_and_no_method_is_on_file() -> None:
    facts = some_facts(Stage.FRIENDLY, Reason.NO_PAYMENT_METHOD, tried=False)
    text = rendered(Channel.EMAIL, facts).text

    assert f"$149.00 of your Acme Cloud invoice {NUMBER} is due." in text
    assert "There is no payment method on file" in text
    assert "Please choose a payment method" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", list(WRITTEN))
@pytest.mark.parametrize(("stage", "tried"), list(itertools.product([Stage.ACTION, Stage.FRIENDLY], [True, False])))
def test_nobody_is_asked_for_a_payment_method_that_is_there(
    stage: Stage, tried: bool, channel: Channel, language: str
) -> None:
    """The customer added one since; what the provider says right before sending counts."""
    facts = some_facts(stage, Reason.NO_PAYMENT_METHOD, action=DeclineClass.NEW_METHOD, tried=tried)
    invoice = an_invoice().model_copy(update={"payment_method": PaymentMethod(id="pm_1")})
    read = " ".join(parts(MESSAGES.render(channel, facts, someone(), invoice, language, on=A_DAY)))

    asks = "payment method on|needs a payment method|another card|how to pay|ยังไม่มีวิธีการ|กรุณาเลือก|บัตรใบอื่น|วิธีอื่น"
    assert [] == re.findall(asks, read)


def test_a_first_collection_is_not_called_another_try() -> None:
    facts = some_facts(Stage.FRIENDLY, tried=False, next_charge_on=NEXT)
    text = rendered(Channel.EMAIL, facts).text

    assert "We will collect the payment on March 9, 2026." in text
    assert "again" not in text


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (DeclineClass.NEW_METHOD, "another card or another payment method"),
        (DeclineClass.NEVER, "another card or another payment method"),
        (DeclineClass.FIX_DATA, "check the details of the card or account"),
        (DeclineClass.AUTHENTICATE, "confirm the payment with your bank"),
    ],
)
def test_the_customer_is_told_what_to_do(action: DeclineClass, words: str) -> None:
    text = rendered(Channel.EMAIL, some_facts(Stage.ACTION, action=action)).text

    assert words in text


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.NOTICE])
def test_a_restriction_is_announced_until_it_stands(channel: Channel) -> None:
    """Once access is restricted, the message says so and no longer speaks of a day on which it will be."""
    on = date(2026, 3, 17)
    before = rendered(channel, some_facts(Stage.FIRM, restricts_on=on)).text
    after = rendered(channel, some_facts(Stage.FIRM, restricts_on=on, access=Access.READ_ONLY)).text

    assert "your access to Acme Cloud will be limited from March 17, 2026 until it is paid" in before
    assert "read-only at the moment" not in before
    assert "March 17" not in after
    assert "read-only at the moment" in after


def test_a_restriction_after_the_end_is_not_announced() -> None:
    text = rendered(Channel.EMAIL, some_facts(Stage.FINAL, restricts_on=END)).text

    assert "limited" not in text


def test_only_firm_and_final_messages_speak_of_the_end() -> None:
    told = {
        stage
        for stage in DEMANDS
        if "March 28" in rendered(Channel.EMAIL, some_facts(stage, ends_on=END, ending=Ending.COLLECTIONS)).text
    }

    assert {Stage.FIRM, Stage.FINAL} == told


@pytest.mark.parametrize("channel", [channel for channel in WRITTEN if channel is not Channel.LETTER])
@pytest.mark.parametrize(
    "name",
    ["<b>{{7*7}}</b>", "{% for x in y %}", "Win www.evil.example", "http://evil.example", "a\x00b", "x" * 300, " "],
)
def test_a_name_that_is_none_is_not_repeated(channel: Channel, name: str) -> None:
    """Markup, template code and addresses in the name's place: the customer is greeted neutrally."""
    expected = MESSAGES.render(channel, some_facts(Stage.FRIENDLY), someone(None), an_invoice(), "en", on=A_DAY)
    message = MESSAGES.render(channel, some_facts(Stage.FRIENDLY), someone(name), an_invoice(), "en", on=A_DAY)

    assert expected == message


def test_a_letter_is_addressed_by_what_is_on_the_door_and_greets_no_firm() -> None:
    """It stands in the field of the address, and nowhere else."""
    names = ["Call Center 24 GmbH", "Ανδρέας Παπαδόπουλος"]
    found = [
        MESSAGES.render(Channel.LETTER, some_facts(Stage.FRIENDLY), someone(name), an_invoice(), "en", on=A_DAY).text
        for name in names
    ]

    assert names == [text.partition("\n")[0] for text in found]
    assert 1 == len({text.partition("\n")[2] for text in found})
    assert "Call Center" not in found[0].partition("\n")[2]


def test_what_is_not_ours_is_escaped_in_the_html_part() -> None:
    """A name with an ampersand, a merchant with markup, an invoice number with template code: text, never markup."""
    messages = TemplateMessages([DIRECTORY], a_brand("A<i>cme"))
    invoice = an_invoice().model_copy(update={"number": "<b>{{7*7}}"})
    html = messages.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), someone("D'Arc & Co"), invoice, "en").html

    assert "A&lt;i&gt;cme" in html
    assert "&lt;b&gt;{{7*7}}" in html
    assert "Hello D&#39;Arc &amp; Co," in html
    assert not re.search(r"<i>|<b>|\b49\b", html)


@pytest.mark.parametrize(
    ("language", "name", "greeting"),
    [
        ("en", "Somchai  Jaidee\n", "Hello Somchai Jaidee,"),
        ("en", None, "Hello,"),
        ("th", "สมชาย ใจดี", "เรียน คุณสมชาย ใจดี"),
        ("th", "คุณสมชาย", "เรียน คุณสมชาย"),
        ("th", "บริษัท ตัวอย่าง จำกัด", "เรียน บริษัท ตัวอย่าง จำกัด"),
        ("th", None, "เรียน ท่านลูกค้า"),
    ],
)
def test_the_customer_is_greeted_by_name_when_it_is_known(language: str, name: str | None, greeting: str) -> None:
    text = rendered(Channel.EMAIL, some_facts(Stage.FRIENDLY), language, name).text

    assert greeting == text.splitlines()[0]


def test_after_a_part_payment_the_rest_is_asked_for() -> None:
    invoice = an_invoice(5000, total=14900)
    text = MESSAGES.render(Channel.EMAIL, some_facts(Stage.REMINDER), someone(), invoice, "en").text

    assert "Amount due: $50.00\nInvoice total: $149.00\n" in text
    assert f"$50.00 of your Acme Cloud invoice {NUMBER} is still unpaid" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_shouts(language: str) -> None:
    """No exclamation marks and no words in capitals."""
    file = (DIRECTORY / language / "phrases.yaml").read_text(encoding="utf-8")
    phrases = "\n".join(line for line in file.splitlines() if not line.lstrip().startswith("#"))

    assert [] == re.findall(r"!|\b[A-Z]{4,}\b", phrases)
