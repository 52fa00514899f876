"""What messages say of invoices: the customer's others, what is paid already, totals, and accounts to be verified."""

import itertools

import pytest

from domain.declines import DeclineClass, Reason
from domain.money import Money
from domain.steps import DEMANDS, WRITTEN, Channel, Stage
from gateways.ports.payments import InvoiceSnapshot
from gateways.sms_length import is_gsm7
from tests.gateways.test_messages import LINK, MESSAGES, NUMBER, an_invoice, some_facts, someone
from tests.letters import A_DAY


def another_invoice(number: str, amount: int, currency: str = "USD") -> InvoiceSnapshot:
    link = f"https://pay.acme.example/i/{number}"
    return an_invoice(amount, currency).model_copy(update={"id": number, "number": number, "pay_url": link})


@pytest.mark.parametrize("language", ["en", "th"])
@pytest.mark.parametrize("stage", list(DEMANDS))
def test_the_customers_other_invoices_are_named_with_amount_and_link(stage: Stage, language: str) -> None:
    """In both parts of an e-mail, and in the notice."""
    others = (another_invoice("A-2", 2000), another_invoice("A-3", 3000, "EUR"))
    for channel in (Channel.EMAIL, Channel.NOTICE):
        message = MESSAGES.render(channel, some_facts(stage), someone(), an_invoice(), language, others, on=A_DAY)
        for part in filter(None, (message.text, message.html)):
            for named in ("A-2", "A-3", "20.00", "30.00", *(other.pay_url or "" for other in others)):
                assert named in part
            assert NUMBER in part


@pytest.mark.parametrize(("language", "count"), [("en", "2 unpaid invoices in all, $59.98."), ("th", "2 ใบ US$59.98")])
def test_a_text_message_says_how_many_and_how_much_in_all(language: str, count: str) -> None:
    """And has the first link only: each has 150 signs."""
    others = (another_invoice("A-2", 2999),)
    text = MESSAGES.render(Channel.SMS, some_facts(Stage.REMINDER), someone(), an_invoice(2999), language, others).text

    assert count in text
    assert text.endswith(LINK)
    assert "A-2" not in text


def test_a_text_message_adds_up_by_currency() -> None:
    """And stays in the basic alphabet."""
    others = (another_invoice("A-2", 2000), another_invoice("A-3", 3000, "EUR"))
    text = MESSAGES.render(Channel.SMS, some_facts(Stage.FIRM), someone(), an_invoice(), "en", others).text

    assert "3 unpaid invoices in all, $169.00 + €30.00." in text
    assert is_gsm7(text)


@pytest.mark.parametrize(
    ("language", "asked"), [("en", "small deposit in the bank account"), ("th", "เงินโอนเข้าจำนวนเล็กน้อยในบัญชีธนาคาร")]
)
def test_micro_deposits_are_asked_for_with_the_page_that_takes_them(language: str, asked: str) -> None:
    """R16: not a confirmation with the bank, and not the payment page where Stripe has one for it."""
    page = "https://payments.stripe.com/microdeposit/pacs_test_1"
    invoice = an_invoice(150000, "THB").model_copy(update={"verifying": True, "verify_url": page})
    facts = some_facts(Stage.ACTION, Reason.CARD_NOT_USABLE, action=DeclineClass.NEW_METHOD)

    mail = MESSAGES.render(Channel.EMAIL, facts, someone(), invoice, language)

    assert asked in mail.text
    assert page in mail.text
    assert LINK not in mail.text


def test_after_a_part_payment_nobody_is_told_that_no_payment_was_received() -> None:
    """Sixty of a hundred dollars came: what is unpaid is the rest."""
    invoice = an_invoice(4000, total=10000)
    for stage, channel, tried in itertools.product(DEMANDS, WRITTEN, (True, False)):
        text = MESSAGES.render(channel, some_facts(stage, tried=tried), someone(), invoice, "en", on=A_DAY).text

        assert "received" not in text
        assert "for $40.00" not in text.replace("collect $40.00 for", "")


def test_the_invoice_total_is_the_one_before_any_balance() -> None:
    """R17: with credit from before, less is due than the invoice says, and the customer can compare both."""
    invoice = an_invoice(1500).model_copy(update={"total": Money(amount=1900, currency="USD")})

    text = MESSAGES.render(Channel.EMAIL, some_facts(Stage.FRIENDLY), someone(), invoice, "en").text

    assert "Amount due: $15.00\nInvoice total: $19.00\n" in text
