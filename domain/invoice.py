"""The state of an invoice, as the payment provider has it."""

from enum import StrEnum


class InvoiceState(StrEnum):
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"
    DRAFT = "draft"
