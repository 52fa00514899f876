"""What an invoice says of itself, as a message repeats it: what was bought, for when, and what it is paid with."""

from domain.invoice import Rail
from domain.known import Period
from gateways.ports.payments import InvoiceSnapshot, PaymentMethod
from gateways.ports.trouble import ProviderMisuse

_MOST = 3
_LONGEST = 100

# As the networks write their names; Stripe's words for them are in lower case.
_NETWORKS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
    Rail.ACH.value: "ACH",
    Rail.AU_BECS.value: "BECS",
    Rail.BACS.value: "Bacs",
    Rail.NZ_BECS.value: "BECS NZ",
    Rail.PAD.value: "PAD",
    Rail.SEPA.value: "SEPA",
    Rail.UPI.value: "UPI",
}


def bought(invoice: InvoiceSnapshot) -> str | None:
    """The first lines in the merchant's own words, each bounded."""
    said = list(dict.fromkeys(line.description for line in invoice.lines))
    shown = [line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…" for line in said[:_MOST]]
    more = ["…"] if len(said) > _MOST else []
    return "; ".join([*shown, *more]) or None


def period(invoice: InvoiceSnapshot) -> Period | None:
    """The time that is paid for, if all of it is for the same: days in UTC, as Stripe prints them on invoices."""
    found = {(line.start, line.end) for line in invoice.lines}
    start, end = found.pop() if len(found) == 1 else (None, None)
    if start is None or end is None or end.date() <= start.date():
        return None
    return Period(start=start.date(), end=end.date())


def method_on_file(method: PaymentMethod | None) -> str | None:
    """`Visa •••• 4242`; None where the end of its number is not known."""
    if method is None or not method.last4:
        return None
    return f"{_NETWORKS.get(method.network or '', '')} •••• {method.last4}".strip()


def pay_link(invoice: InvoiceSnapshot) -> str:
    """The page on which it can be paid, or on which the bank account for it is verified. Raises ProviderMisuse."""
    link = invoice.verify_url or invoice.pay_url or ""
    if not link.startswith(("https://", "http://")) or len(link.split()) != 1:
        raise ProviderMisuse(
            f"Invoice {invoice.id} has no pay link, so nothing can be sent about it: "
            "finalize the invoice, or give it a hosted payment page."
        )
    return link
