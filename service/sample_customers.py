"""Customers to try a policy and its messages with: out of a file, or a sample of each language."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from domain.base import Frozen
from domain.invoice import InvoiceState, SubscriptionState
from domain.money import Money
from domain.postal import PostalAddress
from gateways.customer_rows import merged
from gateways.ports.payments import InvoiceSnapshot, Line, PaymentMethod
from gateways.ports.rows import CustomerRow
from gateways.yaml_files import FileError, YamlFile
from service.requests import Refused

SAMPLE = "sample"
_INVOICE = "in_preview"
_LINK = "https://invoice.stripe.com/i/acct_1ExampleMerchant/test_" + "YWNjdF8xRXhhbXBsZU1lcmNoYW50" * 3 + "?s=ap"
"""As long as Stripe's own (about 160 signs): how long a text message gets depends on it."""


def _amount(value: Any) -> Any:
    return value if isinstance(value, Money) else Money.read(str(value))


class SampleCustomer(Frozen):
    """A customer whose payment failed, as a file has it. What is left out is not known of the customer."""

    customer_id: str = "cus_preview"
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str = ""
    region: str = ""  # US state or Canadian province
    language: str = "en"
    postal_address: PostalAddress | None = None  # its country is the customer's, where it says none
    time_zone: str | None = None
    segment: str = "any"
    amount: Annotated[Money, BeforeValidator(_amount)] = Money(amount=2900, currency="USD")  # "29.00 USD"
    number: str = "A-1042"
    subscription: bool = True
    network: str | None = "visa"  # card brand or rail; none: nothing is on file
    card_country: str | None = None
    expiry: str | None = "12/2031"
    last4: str | None = "4242"
    lines: tuple[Line, ...] = (Line(description="1 × Subscription"),)  # what was bought; `start` and `end`: for when
    pay_url: str = _LINK

    @property
    def row(self) -> CustomerRow:
        """As the ledger would keep it: what cannot be read is not there."""
        names = CustomerRow.model_fields.keys() & self.model_fields_set
        stated = self.model_dump(include=names - {"customer_id", "postal_address"})
        if where := self.postal_address:
            stated["postal_address"] = where.model_copy(update={"country": where.country or self.country}).text
        return merged(CustomerRow(customer_id=self.customer_id, **stated))

    def invoice(self, due_at: datetime | None = None) -> InvoiceSnapshot:
        """The unpaid invoice. `due_at`: of one that was sent to be paid by then."""
        card = PaymentMethod(
            id="pm_preview",
            network=self.network,
            fingerprint="fp_preview",
            country=self.card_country or self.country or None,
            expiry=self.expiry,
            last4=self.last4,
        )
        return InvoiceSnapshot(
            id=_INVOICE,
            number=self.number,
            state=InvoiceState.OPEN,
            currency=self.amount.currency,
            amount=self.amount,
            remaining=self.amount,
            total=self.amount,
            lines=self.lines,
            customer_id=self.customer_id,
            subscription_id="sub_preview" if self.subscription else None,
            subscription=SubscriptionState.RUNS if self.subscription else None,
            pay_url=self.pay_url,
            payment_method=card if self.network else None,
            without_method=self.network is None,
            sent=due_at is not None,
            due_at=due_at,
        )


_SAMPLES: dict[str, dict[str, Any]] = {
    "en": {"name": "Ada Carter", "country": "US", "region": "NY", "phone": "+12125550123", "amount": "29.00 USD"},
    "th": {"name": "สมชาย ใจดี", "country": "TH", "phone": "+66812345678", "amount": "2900.00 THB"},
    "de": {"name": "Jana Vogel", "country": "DE", "phone": "+4915123456789", "amount": "79.00 EUR"},
    "fr": {"name": "Camille Martin", "country": "FR", "phone": "+33612345678", "amount": "79.00 EUR"},
    "es": {"name": "Lucía Romero", "country": "ES", "phone": "+34612345678", "amount": "79.00 EUR"},
    "pt": {"name": "Marina Souza", "country": "BR", "phone": "+5511912345678", "amount": "349.90 BRL"},
    "ja": {"name": "佐藤 花子", "country": "JP", "phone": "+819012345678", "amount": "9800 JPY"},
}
_ADDRESSES: dict[str, tuple[str, str, str, str]] = {
    "en": ("350 Fifth Avenue", "10118", "New York", "NY"),
    "th": ("99 ถนนพระราม 1", "10330", "เขตปทุมวัน", "กรุงเทพมหานคร"),
    "de": ("Hauptstraße 1", "10115", "Berlin", ""),
    "fr": ("1 rue de Rivoli", "75001", "Paris", ""),
    "es": ("Gran Vía 1", "28013", "Madrid", ""),
    "pt": ("Avenida Paulista, 1000", "01310-100", "São Paulo", "SP"),
    "ja": ("神宮前1-1-1", "150-0001", "渋谷区", "東京都"),
}
"""Street, postcode, town and state."""
_ZONES = {"US": "America/New_York", "BR": "America/Sao_Paulo", "ES": "Europe/Madrid"}


def sample(language: str = "en", segment: str = "any") -> SampleCustomer:
    """A customer of a country where the language is spoken; of an unknown one like the English one."""
    name = language.split("-", maxsplit=1)[0].lower()
    known = _SAMPLES.get(name, _SAMPLES["en"])
    line1, code, city, state = _ADDRESSES[name if name in _SAMPLES else "en"]
    address = PostalAddress(line1=line1, postal_code=code, city=city, state=state)
    zone = _ZONES.get(known["country"])
    more: dict[str, Any] = {
        "email": "customer@example.com",
        "time_zone": zone,
        "language": language,
        "segment": segment,
    }
    return SampleCustomer.model_validate(known | more | {"postal_address": address})


def sample_customer(named: str, language: str | None, segment: str | None) -> SampleCustomer:
    """The sample, or the customer of a YAML or JSON file; `language` and `segment` go before what it says.

    Raises Refused with every mistake and its line.
    """
    if named == SAMPLE:
        return sample(language or "en", segment or "any")
    try:
        found = YamlFile(Path(named)).as_model(SampleCustomer)
    except FileError as error:
        raise Refused(str(error)) from None
    given = {"language": language, "segment": segment}
    return found.model_copy(update={name: value for name, value in given.items() if value})
