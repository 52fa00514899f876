"""Chance: one customer or two with unpaid invoices, whatever is odd about them, and what happens to them.

All of it follows from one number, so that a life can be lived again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import APPROVE, AUTHENTICATION_REQUIRED, PROCESSING, Approve, Decline, Outcome
from sandbox.providers.world import ProviderWorld

DAY = timedelta(days=1)
FIRST = datetime(2030, 1, 7, tzinfo=UTC)
POLICIES = ("brief", "brief", "brief", "any", "tight", "harsh")
SOFT = (
    Decline("insufficient_funds", network_decline_code="51"),
    Decline("generic_decline"),
    Decline("do_not_honor", advice_code="try_again_later"),
    Decline("processing_error"),
    Decline("try_again_later"),
    Decline("card_velocity_exceeded"),
)
HARD = (
    Decline("expired_card"),
    Decline("lost_card"),
    Decline("stolen_card", network_decline_code="43"),
    Decline("incorrect_number"),
    Decline("authentication_required"),
    Decline("pickup_card"),
    Decline("a_code_of_next_year"),
    Decline("fraudulent", blocked=True),
    Decline("testmode_decline"),
)
_EMAILS = (
    "n/a",
    "none",
    "-",
    "",
    None,
    "a@b",
    "x@example.com, y@example.com",
    "zoë{}@exämple.com",
    "no at sign",
    "a@b@c.de",
)
_PHONES = ("555-2671", "", None, "+1", "n/a", "+999123456789", "+1 (415) 3{:06d}", "0041 44 6{:06d}", "+66812{:06d}")
_COUNTRIES = ("US", "DE", "TH", "JP", "BR", "IN", "USA", "UK", " us ", "XK", None, "ZZ", "AU", "GB")
_ZONES = (None, None, None, "america/new_york", "Asia/Bangkok", "Pacific/Chatham", "nowhere", "EST")
_NAMES = (
    "Ada Example",
    "null",
    "https://evil.example click",
    "",
    "李小龙",
    "Ünsal Öz",
    "{{7*7}}",
    "Call +1 900 5551234",
    "\u202eadA",
)
_METHODS = ("us_bank_account", "sepa_debit", "bacs_debit", "au_becs_debit", "acss_debit")
_OF_CURRENCY = {"usd": ("us_bank_account", "acss_debit"), "eur": ("sepa_debit",), "jpy": _METHODS}
_COMES_BACK = Decline("insufficient_funds")
TWILIO_CODES = (21211, 21408, 21606, 21610, 21612, 21614, 21635, 30003, 30006, 30034, 63016, 39999)

Act = Callable[[], None]


@dataclass
class Household:
    """What there is before anything happens, and what will."""

    seed: int
    kind: str
    invoices: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    happens: list[tuple[datetime, str, Act]] = field(default_factory=list)
    away: tuple[datetime, datetime] | None = None  # while nobody runs the cases


class Chance:
    """Draws one household in a world."""

    def __init__(self, seed: int, world: ProviderWorld, told: "Told") -> None:
        self.random = Random(seed)
        self.world = world
        self.stripe = world.stripe
        self.told = told
        self.begin = FIRST + timedelta(minutes=self.random.randrange(365 * 24 * 60))
        self.house = Household(seed, "")

    def draw(self) -> Household:
        pick = self.random.random()
        if pick < 0.03:
            self._ten()
        elif pick < 0.06:
            self._ten_debits()
        elif pick < 0.13:
            self._two_customers()
        else:
            self._one_customer(1 if pick < 0.57 else self.random.randint(2, 3))
        self._faults()
        if self.random.random() < 0.1:
            since = self._at(0, 25)
            self.house.away = since, since + timedelta(hours=self.random.randint(1, 90))
        return self.house

    # Who there is.

    def _ten(self) -> None:
        """Ten invoices of one customer on one card that has no money for any of them."""
        self.house.kind = "ten"
        customer = self._customer(odd=0.0, policy=self.random.choice(["brief", "any", "harsh"]))
        brand = self.random.choice(["visa", "visa", "mastercard", "amex"])
        behaviour = SOFT[0] if self.random.random() < 0.8 else [*self._soft(15), APPROVE, SOFT[0]]
        self.stripe.add_card(customer, behaviour=behaviour, brand=brand, fingerprint=self._fingerprint())
        for _ in range(10):
            self._fails(customer, self._at(0, 6), amount=2000)

    def _ten_debits(self) -> None:
        """Ten invoices of one customer on one bank account, which has money for few of them.

        It was there from the first, or takes the place of a card when the cases are open.
        """
        self.house.kind = "ten debits"
        currency = self.random.choice(["usd", "usd", "eur"])
        customer = self._customer(odd=0.0, policy=self.random.choice(["brief", "any", "harsh"]))
        if self.random.random() < 0.3:
            self._account(customer, currency)
            first = None
        else:
            self.stripe.add_card(customer, behaviour=SOFT[0])
            self._later("an account for all", self._at(6, 9), lambda: self._account_if_there(customer, currency))
            first = SOFT[0]
        for _ in range(10):
            self._fails(customer, self._at(0, 6), 2000, currency, first=first)

    def _two_customers(self) -> None:
        """Two accounts of one person: the same card, number and address."""
        self.house.kind = "two customers"
        fingerprint, email, phone = self._fingerprint(), self._own("both{}@example.com"), self._own("+14153{:06d}")
        behaviour = self._behaviour()
        for _ in range(2):
            customer = self._customer(email=email, phone=phone, odd=0.1)
            self.stripe.add_card(customer, behaviour=behaviour, fingerprint=fingerprint)
            self._invoices(customer, self.random.randint(1, 2))

    def _one_customer(self, invoices: int) -> None:
        self.house.kind = f"{invoices} invoices"
        customer = self._customer(odd=0.25)
        pick = self.random.random()
        currency = self.random.choice(["usd"] * 6 + ["eur", "jpy"])
        if pick < 0.15:
            self._account(customer, currency)
        elif pick < 0.92:
            brand = self.random.choice(["visa", "visa", "mastercard", "amex", "discover"])
            country = self.random.choice([None, None, "US", "IN"])
            self.stripe.add_card(customer, behaviour=self._behaviour(), brand=brand, country=country)
        self._invoices(customer, invoices, currency)

    def _account(self, customer: str, currency: str) -> str:
        """Its debits stay on their way until the bank answers, days later. A few can pay nothing in the currency."""
        kind = self.random.choice(_OF_CURRENCY[currency] if self.random.random() < 0.9 else _METHODS)
        return self.stripe.add_bank_debit(customer, behaviour=PROCESSING, kind=kind)

    def _account_if_there(self, customer: str, currency: str) -> None:
        if not self.stripe.get(customer).get("deleted"):
            self._account(customer, currency)

    def new_account(self, customer: str, invoice: str) -> str:
        """A bank account in place of the method that failed."""
        return self._account(customer, str(self.stripe.get(invoice)["currency"]))

    def _customer(
        self,
        *,
        email: str | None = "who{}@example.com",
        phone: str | None = "+12122{:06d}",
        odd: float,
        policy: str = "",
    ) -> str:
        chance = self.random
        country: str | None = chance.choice(["US", "US", "DE", "TH", "GB"])
        zone, name = None, "Ada Example"
        if chance.random() < odd:
            email = chance.choice(_EMAILS)
        if chance.random() < odd:
            phone = chance.choice(_PHONES)
        if chance.random() < odd:
            country, zone, name = chance.choice(_COUNTRIES), chance.choice(_ZONES), chance.choice(_NAMES)
        email, phone = self._own(email), self._own(phone)
        metadata = {"segment": policy or chance.choice(POLICIES)} | ({"time_zone": zone} if zone else {})
        customer = self.stripe.add_customer(name, email=email, phone=phone, country=country, metadata=metadata)
        self.house.customers.append(customer)
        if chance.random() < 0.25:
            self._later("contact data", self._at(0, 20), lambda: self._new_address(customer))
        if chance.random() < 0.02:
            self._later("customer deleted", self._at(0, 25), lambda: self.stripe.delete_customer(customer))
        return customer

    def _invoices(self, customer: str, count: int, currency: str = "usd") -> None:
        amount = self.random.choice([60, 1999, 6000, 12000])
        shared = self.stripe.add_subscription(customer, amount=amount, currency=currency)
        for _ in range(count):
            own = self.random.random() < 0.3
            at = self._at(0, 12)
            if self.random.random() < 0.08:
                self._is_sent(customer, at, amount)
            else:
                self._fails(customer, at, amount, currency, None if own else shared)

    def _fails(
        self,
        customer: str,
        at: datetime,
        amount: int,
        currency: str = "usd",
        subscription: str | None = None,
        first: Outcome | None = None,
    ) -> None:
        def fail() -> None:
            if self.stripe.get(customer).get("deleted"):
                return
            if subscription and self.stripe.get(subscription)["status"] == "canceled":
                return
            invoice = self.stripe.fail_first_payment(
                customer, amount=amount, currency=currency, subscription=subscription, outcome=first
            )
            if self.stripe.get(invoice)["status"] == "open":  # a credit may have paid it
                self._opened(invoice, customer, at)

        if first is None and self.random.random() < 0.8:
            first = self._decline()
        self._later("first failure", at, fail)

    def _is_sent(self, customer: str, at: datetime, amount: int) -> None:
        days = self.random.randint(1, 20)

        def send() -> None:
            if self.stripe.get(customer).get("deleted"):
                return
            subscription = self.stripe.add_subscription(customer, amount=amount, currency="usd", days_until_due=days)
            invoice = self.stripe.renew(subscription)
            if self.random.random() < 0.5:
                self.stripe.remind_of_due_date(invoice)
            due = at + days * DAY + timedelta(hours=1)
            self._later("overdue", due, lambda: self._if_open(invoice, lambda: self.stripe.pass_due_date(invoice)))
            self._opened(invoice, customer, at)

        self._later("sent", at, send)

    def _opened(self, invoice: str, customer: str, at: datetime) -> None:
        self.house.invoices.append(invoice)
        number = (
            self.random.choice([0, 0, 0, 1])
            if self.house.kind.startswith("ten")
            else self.random.choice([0, 0, 1, 1, 2, 3, 4])
        )
        for _ in range(number):
            name, act = self.told.something(self, invoice, customer)
            days = self.random.choice([3, 9, 9, 35])
            when = at + timedelta(minutes=self.random.randrange(1, days * 24 * 60))
            self._later(name, when, act)

    # What happens to whom.

    def _faults(self) -> None:
        """Providers that fail once, for a while, or (where a case can do without them) for ever."""
        chance, faults = self.random, self.world.faults
        if chance.random() < 0.5:
            for _ in range(chance.randint(1, 4)):
                provider = chance.choice(["stripe", "stripe", "stripe", "sendgrid", "twilio", "merchant", "agency"])
                match = chance.choice(["", "POST", "GET", "/pay", "DELETE"]) if provider == "stripe" else ""
                modes = [m for m in Mode if not m.value.startswith("hold")]
                given = provider, match, chance.choice(modes), chance.randint(1, 5)
                self._later(f"fault {given}", self._at(0, 30), lambda g=given: faults.add(g[0], g[1], g[2], times=g[3]))
        if chance.random() < 0.15:
            self._later("stored 500", self._at(0, 20), lambda: self.stripe.break_calls("POST .*/pay", 2))
        if chance.random() < 0.12:
            provider = chance.choice(["stripe", "merchant", "agency"])
            mode = chance.choice([Mode.ERROR, Mode.TIMEOUT_BEFORE, Mode.RATE_LIMITED])
            since, lasts = self._at(1, 28), timedelta(hours=chance.randint(1, 60))
            fault = self._for_long(f"{provider} away {lasts}", provider, mode, since)
            self._later(f"{provider} back", since + lasts, lambda: setattr(fault[0], "times", 0))
        for provider in ("sendgrid", "twilio"):
            if chance.random() < 0.06:
                mode = chance.choice(
                    [Mode.ERROR, Mode.TIMEOUT_BEFORE, Mode.TIMEOUT_AFTER, Mode.MALFORMED, Mode.ERROR_AFTER]
                )
                self._for_long(f"{provider} never again", provider, mode, self._at(0, 20))
        if chance.random() < 0.12:
            code = chance.choice(TWILIO_CODES)
            self._later(f"twilio {code}", self._at(0, 10), lambda: self.world.twilio.refuse("+", code))

    def _for_long(self, name: str, provider: str, mode: Mode, since: datetime) -> list[object]:
        made: list[object] = []
        self._later(name, since, lambda: made.append(self.world.faults.add(provider, "", mode, times=1_000_000)))
        return made

    def _new_address(self, customer: str) -> None:
        if self.stripe.get(customer).get("deleted"):
            return
        changes = self.random.choice(
            [
                {"email": self.random.choice([*_EMAILS, "new{}@example.com"])},
                {"phone": self.random.choice([*_PHONES, "+12123{:06d}"])},
                {"name": self.random.choice(_NAMES)},
            ]
        )
        self.stripe.update_customer(customer, **{name: self._own(value) for name, value in changes.items()})

    # Small things.

    def _later(self, name: str, at: datetime, act: Act) -> None:
        self.house.happens.append((at, name, act))

    def later(self, name: str, at: datetime, act: Act) -> None:
        self._later(name, at, act)

    def if_open(self, invoice: str, act: Act) -> None:
        self._if_open(invoice, act)

    def _if_open(self, invoice: str, act: Act) -> None:
        if self.stripe.get(invoice)["status"] == "open":
            act()

    def _at(self, first: int, last: int) -> datetime:
        return self.begin + timedelta(minutes=self.random.randrange(first * 1440, last * 1440))

    def _own(self, address: str | None) -> str | None:
        """An address of nobody else: what is found out about one holds for whoever has it."""
        return address.format(self.house.seed % 1_000_000) if address and re.search(r"{(:06d)?}", address) else address

    def _fingerprint(self) -> str:
        return f"fp{self.house.seed:08x}"

    def _soft(self, count: int) -> list[Outcome]:
        return [self.random.choice(SOFT) for _ in range(count)]

    def _decline(self) -> Decline:
        return self.random.choice(SOFT if self.random.random() < 0.75 else HARD)

    def _behaviour(self) -> list[Outcome]:
        """A few declines; then, of half of the cards, one that approves, asks for authentication, or goes its way."""
        answers: list[Outcome] = [self._decline() for _ in range(self.random.randint(1, 5))]
        last = self.random.random()
        if last < 0.35:
            answers.append(APPROVE)
        elif last < 0.45:
            answers.append(AUTHENTICATION_REQUIRED)
        return answers

    def behaviour(self) -> list[Outcome]:
        return self._behaviour()

    def bank_answer(self) -> Approve | Decline:
        """What becomes of a debit that was on its way."""
        ten = self.house.kind == "ten debits"
        if self.random.random() < (0.15 if ten else 0.4):
            return APPROVE
        if ten and self.random.random() < 0.85:
            return _COMES_BACK
        return self.random.choice(
            [Decline("insufficient_funds"), Decline("account_closed"), Decline("debit_not_authorized")]
        )


class Told:
    """What may happen to an invoice in its life."""

    def something(self, chance: Chance, invoice: str, customer: str) -> tuple[str, Act]:
        raise NotImplementedError
