"""What customers agree to when they sign up: when and how they pay, and what happens when a payment stays out.

What a policy says is taken from it, so that the terms promise what the system does and nothing else. What no policy
says (`policies/terms.yaml`) is the merchant's.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator

from domain.base import Frozen
from domain.installation import Installation
from domain.kinds.access import RestrictForm
from domain.kinds.cancellation import CancelForm
from domain.languages import plain
from domain.money import Money
from domain.policy import Policy
from domain.retries import RetryOwner
from domain.steps import Access
from domain.texts import one_line

ANY = "any"
"""The segment of everybody who is in none of the others."""


class Method(StrEnum):
    """What a merchant may say that it can be paid by."""

    CARD = "card"
    APPLE_PAY = "apple_pay"
    GOOGLE_PAY = "google_pay"
    PAYPAL = "paypal"
    BANK_DEBIT = "bank_debit"
    SEPA_DEBIT = "sepa_debit"
    BANK_TRANSFER = "bank_transfer"
    PROMPTPAY = "promptpay"
    KONBINI = "konbini"
    PIX = "pix"
    BOLETO = "boleto"
    UPI = "upi"


def _said(text: str) -> str:
    if not (line := one_line(text)):
        raise ValueError("it is empty")
    return line


Words = Annotated[str, AfterValidator(_said), Field(max_length=1_000)]


class Stated(Frozen):
    """What the merchant states for one segment."""

    due_days: int | None = Field(default=None, ge=0, le=365)  # of an invoice that is sent to be paid; None: not said
    methods: tuple[Method, ...] = ()
    late_fee: dict[str, Words] = Field(default_factory=dict)  # language → what it is and when; none: nothing is said

    @field_validator("methods")
    @classmethod
    def _each_once(cls, value: tuple[Method, ...]) -> tuple[Method, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names a method twice; name each once")
        return value

    @field_validator("late_fee")
    @classmethod
    def _plain_tags(cls, value: dict[str, str]) -> dict[str, str]:
        return {plain(language): words for language, words in value.items()}


class MerchantTerms(Frozen):
    """The merchant's part of the terms (`terms.yaml`)."""

    segments: dict[str, Stated] = Field(default_factory=dict)

    def of(self, segment: str) -> Stated:
        """What is stated for a segment, and what it does not say as it is said for any."""
        base, own = (self.segments.get(name, Stated()) for name in (ANY, segment))
        return base.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


class Limit(Frozen):
    """From a day on the service can be used less, until everything is paid."""

    day: int
    access: Access


class Course(Frozen):
    """What happens when one payment stays out. Days are the policy's, counted from the day on which the payment failed,
    or on which the invoice was due."""

    writes_from: int  # the day of the first message that is planned; below 0: before the due date
    tries: int = 0  # how many further tries of ours are planned
    tries_of_provider: bool = False  # the payment provider tries again by a plan of its own
    tries_faults_at_once: bool = False  # a technical fault brings tries within the first hours and days as well
    grace_days: int  # so many days nothing is taken away
    limits: tuple[Limit, ...]
    notice_days: int  # the final notice comes at least so many days before the end
    ends_after: int
    cancels: bool  # whether the subscription ends then
    collections_from: tuple[Money, ...] = ()  # the least amounts that go to an agency; (): nothing does

    @classmethod
    def of(cls, policy: Policy, here: Installation) -> Self:
        """What the policy does where this is set up."""
        steps = [(entry.day, form) for entry in policy.timeline for form in entry.do]
        limits = tuple(Limit(day=day, access=form.access) for day, form in steps if isinstance(form, RestrictForm))
        limits = () if here.no_access else limits
        ends = next(day for day, form in steps if form.ends)
        collections = None if here.no_agency else policy.endgame.collections
        ours = policy.retries.owner is RetryOwner.OURS and not policy.sent_invoices
        return cls(
            writes_from=min(day for day, form in steps if form.speaks),
            tries=sum(form.counts for _, form in steps),
            tries_of_provider=policy.retries.owner is RetryOwner.STRIPE,
            tries_faults_at_once=ours and bool(policy.retries.quick),
            grace_days=min([*(limit.day for limit in limits), ends]),
            limits=limits,
            notice_days=policy.endgame.notice_days,
            ends_after=ends,
            cancels=any(isinstance(form, CancelForm) for _, form in steps),
            collections_from=tuple(sorted(collections.minimum, key=_currency)) if collections else (),
        )


class Terms(Frozen):
    """The terms of one segment as data."""

    due_days: int | None
    methods: tuple[Method, ...]
    late_fee: dict[str, str] = Field(default_factory=dict)  # as in `Stated`
    collected: Course | None  # of payments that are taken from the payment method on file; None: there are none
    sent: Course | None  # of invoices that are sent to be paid by a day; None: there are none


def terms_of(stated: Stated, policies: Mapping[bool, Policy], here: Installation) -> Terms:
    """The terms of a segment. `policies`: its policy by whether it is for sent invoices."""
    courses = {sent: Course.of(policy, here) for sent, policy in policies.items() if policy.sent_invoices is sent}
    return Terms(
        due_days=stated.due_days,
        methods=stated.methods,
        late_fee=stated.late_fee,
        collected=courses.get(False),
        sent=courses.get(True),
    )


class Section(Frozen):
    """What is said of one matter."""

    heading: str
    sentences: tuple[str, ...]


class TermsText(Frozen):
    """The terms in one language, as a customer reads them."""

    title: str
    sections: tuple[Section, ...]


class TermsVersion(Frozen):
    """One version: what a customer reads, in every language in which it is offered. It never changes."""

    terms: Terms
    texts: dict[str, TermsText]  # by the language's tag, in lower case

    @classmethod
    def stored(cls, body: str) -> Self:
        """A version from the JSON that the ledger has kept: a later release may know more fields, or fewer."""
        return cls.model_validate_json(body, extra="ignore")

    @property
    def name(self) -> str:
        """16 hexadecimal digits that are the same for the same content: a version is what it says."""
        # Without defaults: a field that a release adds makes no new version of what reads the same.
        content = self.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class KeptTerms(Frozen):
    """A version with its name, and when it was first there (UTC)."""

    version: str
    since: datetime
    content: TermsVersion


class Acceptance(Frozen):
    """A customer has agreed to a version of the terms."""

    customer_id: str
    event_id: str  # of the system that told us; given twice it counts once
    version: str
    language: str  # in which the customer read it; a tag in lower case
    at: datetime  # UTC, when they agreed
    where: str  # the page, form or contract by which they did
    by: str  # who told us: the name of a key


class Agreed(Frozen):
    """What a message may quote of an acceptance."""

    version: str
    on: date  # where the customer is


def _currency(money: Money) -> str:
    return money.currency
