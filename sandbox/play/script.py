"""The scripted world: who the demo's customers are, what they do and how their cases must end (world.yaml)."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar

from pydantic import Field, field_validator, model_validator

from domain.base import Frozen
from domain.calls import CallResult
from domain.case import Outcome
from domain.closed import Closed
from domain.money import Money
from domain.steps import Channel
from gateways.yaml_files import FileError, read_model
from sandbox.machine import errors
from sandbox.providers import stripe_outcomes as outcomes
from sandbox.providers.faults import Mode

T = TypeVar("T")

WORLD = Path(__file__).with_name("world.yaml")


class Deed(StrEnum):
    """What can happen to a case from outside."""

    PAYS = "pays"  # on the hosted page: all that remains, or `amount`
    TRIES_IN_VAIN = "tries_in_vain"  # on the hosted page, `times` times, each answered by `answer`
    TRIES_ANOTHER_CARD = "tries_another_card"  # once, which is not kept; answered by `answer`
    NEW_CARD = "new_card"  # gives another card, which works unless `answer` says otherwise
    CARD_WORKS = "card_works"  # the same card is good again; nobody is told
    CARD_UPDATED = "card_updated"  # the network's updater brings a new expiry date
    AUTHENTICATES = "authenticates"
    DISPUTES = "disputes"
    DISPUTE_WON = "dispute_won"  # by the merchant
    DISPUTE_LOST = "dispute_lost"
    OPTS_OUT = "opts_out"  # answers STOP to an SMS
    ASKS_TO_STOP = "asks_to_stop"  # the text messages, in `words` of their own
    ASKS_AGAIN = "asks_again"  # for text messages, by START from the number that they have now
    IS_A_STRANGER = "is_a_stranger"  # whoever has their number by now answers so, in `words`
    WRITES_BACK = "writes_back"  # a text message, `words`, of something else
    STAFF_LOOKS = "staff_looks"  # the merchant's people, at what the customer wrote
    OPENS_CUT_LINK = "opens_cut_link"  # that of the newest e-mail's preferences, which has lost its last letters
    AGREES = "agrees"  # writes START to the merchant's WhatsApp
    BLOCKS = "blocks"  # the merchant's LINE account
    CREDITED = "credited"  # a credit note over `amount`
    CREDIT_VOIDED = "credit_voided"  # the newest credit note counts no more
    VOIDED = "voided"
    PAID_ELSEWHERE = "paid_elsewhere"  # by bank transfer, and marked as paid
    TRANSFERS = "transfers"  # `amount`, or all that remains, to the merchant's bank: only the billing system knows
    DEBITS = "debits"  # pays from a bank account (all, or `amount`): it takes days until that arrives or comes back
    TAKES_VOUCHER = "takes_voucher"  # on the hosted page, to be paid in cash at a shop
    VOUCHER_PAID = "voucher_paid"
    CHOOSES_TRANSFER = "chooses_transfer"  # on the hosted page, and still has to send the money
    TRANSFER_ARRIVES = "transfer_arrives"
    REPORTS_PAYMENT = "reports_payment"  # another system of the merchant's, `times` times: `amount` is on its way
    REPORTS_FAIL = "reports_fail"  # … and came to nothing, of which no event tells
    OTHER_ENGINE_TRIES = "other_engine_tries"  # another program charges the same card; the answer is `answer`
    STRIPE_PLANS = "stripe_plans"  # a try of its own, `wait` after this
    STRIPE_RETRIES = "stripe_retries"  # makes it; the answer is `answer`
    DETACHES = "detaches"  # takes the card off the account, which goes on naming it
    ENTERS_ACCOUNT = "enters_account"  # a bank account on the hosted page, to be confirmed by two small deposits
    CONFIRMS_DEPOSITS = "confirms_deposits"
    SYNCED = "synced"  # a nightly job writes the card's billing details
    CANCELS = "cancels"  # the subscription, at once
    CANCELS_LATER = "cancels_later"  # … for the end of its period
    CHANGES_CONTACT = "changes_contact"  # what `becomes` says, in the customer's fields at Stripe
    DELETED = "deleted"  # the merchant deletes the customer at Stripe
    AGREES_TO_CALLS = "agrees_to_calls"  # that no person makes: by a checkbox, of which the merchant's shop tells us
    STATES_CALL_HOURS = "states_call_hours"  # `words`, to the merchant's support, which writes it down
    UNSUBSCRIBES = "unsubscribes"  # from the e-mails
    BANK_PAYS = "bank_pays"  # a debit that was on its way arrives
    BANK_RETURNS = "bank_returns"  # … or comes back with `answer`
    COMES_BACK = "comes_back"  # a debit that had arrived is taken back by the bank, after the case has ended
    AGENCY_ACKNOWLEDGES = "agency_acknowledges"
    AGENCY_COLLECTS = "agency_collects"  # `amount`, or all that remains
    AGENCY_RETURNS = "agency_returns"
    OPERATOR_PAUSES = "operator_pauses"
    OPERATOR_RESUMES = "operator_resumes"
    OPERATOR_SETTLES = "operator_settles"  # for `amount`
    OPERATOR_WRITES_OFF = "operator_writes_off"
    OPERATOR_SKIPS = "operator_skips"  # `step`, which comes next
    OPERATOR_RETRIES = "operator_retries"  # at once
    OPERATOR_HANDS_OFF = "operator_hands_off"  # at the announced end, whatever is due
    OPERATOR_RECALLS = "operator_recalls"  # from the agency
    OPERATOR_REOPENS = "operator_reopens"  # `channel`, for which the customer has asked
    OPERATOR_CALLS = "operator_calls"  # takes the call that waits, if it may be made, and `result` comes of it


class Sign(StrEnum):
    """What a customer, a bank or an agency reacts to."""

    EMAIL = "email"
    SMS = "sms"
    NOTICE = "notice"
    WHATSAPP = "whatsapp"
    LINE = "line"
    LETTER = "letter"
    CHARGE = "charge"  # a charge attempt of ours
    HANDOFF = "handoff"


class Answer(Frozen):
    """What a bank answers to a charge: a decline code, or `approved`, `processing`, `action_required`."""

    code: str
    advice: str | None = None
    network_advice: str | None = None
    network_code: str | None = None

    @property
    def outcome(self) -> outcomes.Outcome:
        special: dict[str, outcomes.Outcome] = {
            "approved": outcomes.APPROVE,
            "processing": outcomes.PROCESSING,
            "action_required": outcomes.AUTHENTICATION_REQUIRED,
        }
        return special.get(self.code) or outcomes.Decline(
            self.code, self.advice, self.network_advice, self.network_code
        )


def _answers(value: object) -> object:
    return {"code": value} if isinstance(value, str) else value


class Contact(Frozen):
    """What a customer changes of their contact data; null: it stays."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Action(Frozen):
    """One thing that happens to a case: on a day of its own calendar, or some time after a sign."""

    do: Deed
    day: int | None = Field(default=None, ge=0)  # local days after the opening
    at: time = time(12)  # local
    after: Sign | None = None
    nth: int = Field(default=1, ge=1)
    wait: timedelta = timedelta(hours=1)
    amount: str | None = None  # major units of the invoice's currency
    times: int = Field(default=1, ge=1)
    answer: Answer | None = None
    paid: bool = False  # the amount that an operator settles for is in
    step: str = ""  # its key
    channel: Channel = Channel.EMAIL
    by_command: bool = False  # an operator's order given by starter.py in place of the client
    result: CallResult = CallResult.REACHED  # of a call
    by_day: int = Field(default=0, ge=0)  # … the day by which payment is promised
    late: bool = False  # it happens also when the case has ended
    becomes: Contact = Contact()
    words: str = ""  # that are written

    _short = field_validator("answer", mode="before")(_answers)

    @model_validator(mode="after")
    def _has_its_time(self) -> Self:
        if (self.day is None) == (self.after is None):
            raise ValueError("an action happens on a `day` or `after` a sign")
        return self


class Method(Frozen):
    """How the customer pays; `answers` come in turn, of which the last one stays. The first one fails the invoice."""

    kind: str = Field(default="card", pattern="^(card|sepa_debit|bacs_debit|us_bank_account|none)$")
    brand: str = "visa"
    country: str | None = None  # of the card; without one, what the customer's address says
    answers: tuple[Answer, ...] = ()

    @field_validator("answers", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        return [_answers(one) for one in value] if isinstance(value, list) else [_answers(value)]

    @model_validator(mode="after")
    def _answers_unless_there_is_none(self) -> Self:
        if (self.kind == "none") == bool(self.answers):
            raise ValueError("a payment method needs `answers`, and none has none")
        return self


class ProviderFault(Frozen):
    """A fault in a provider's way; `{invoice}` in `match` stands for the customer's invoice."""

    provider: str = Field(pattern="^(stripe|sendgrid|twilio|line|letters|merchant|agency)$")
    match: str
    mode: Mode
    times: int = Field(default=1, ge=1)


class Expected(Frozen):
    """How the case must end. `outcome` None: no case must be opened; the rest is checked where it is given."""

    outcome: Outcome | None
    attempts: int | None = None  # charges of ours that reached the provider
    email: int | None = None
    sms: int | None = None
    notice: int | None = None
    whatsapp: int | None = 0
    line: int | None = 0
    letter: int | None = 0
    phone: int | None = 0
    closing: dict[Channel, tuple[Closed, ...]] | None = None  # what is told once it is over, and where
    day: int | None = None  # local days from the opening to the end


class OnThePhone(Frozen):
    """Who, or what, lifts the receiver when the automatic service calls."""

    by: str = Field(default="human", pattern="^(human|unknown|machine_(start|end_(beep|silence|other)))$")
    keys: str = Field(default="", pattern="^(|1[129]?|2|9)$")  # what is pressed, one key at each question


class Fields(Frozen):
    """What stands in a customer's fields at Stripe where that is not simply the truth; null: the field is empty."""

    email: str | None = None
    country: str | None = None
    time_zone: str | None = None


class Customer(Frozen):
    """One customer with one failed invoice, or a further invoice of one (`other_of`, `again_of`)."""

    key: str = Field(pattern="^[a-z][a-z0-9_]{1,30}$")
    story: str
    other_of: str | None = None  # the customer of this key owes this invoice as well, of the same subscription
    again_of: str | None = None  # the invoice that bills anew what was taken back from the customer of this key
    same_person_as: str | None = None  # the customer of this key, who is twice at Stripe with one e-mail address
    row: str | None = Field(default=None, pattern=r"^R\d+$")  # of docs/reality.md, which this customer stands for
    name: str
    country: str
    region: str = ""  # US state or Canadian province, where its law is another one
    time_zone: str  # where the customer is; what the merchant knows of it is `known_zone`
    known_zone: bool = True
    segment: str | None = None  # for a policy of its own
    language: str = "en"  # preferred, BCP 47
    else_language: str | None = None  # … and where the merchant does not write that one
    reads: str = "en"  # the language that messages must have
    phone: str | None = None
    line: bool = False  # whether the merchant knows their LINE user id
    address: dict[str, str] = Field(default_factory=dict)  # what Stripe has of it beside the country
    writes: Fields = Fields()
    mail_bounces: bool = False
    on_the_phone: OnThePhone | None = None  # None: calls that no person makes are answered by nobody
    texts_refused: int | None = None  # the code with which Twilio refuses every message to the number
    amount: str  # major units
    currency: str
    pays_with: Method
    comes_from: str = Field(default="cycle", pattern="^(cycle|one_off|sign_up|trial|sent)$")  # the invoice
    due_day: int = Field(default=10, ge=1)  # local days after the opening; of an invoice that is sent
    does: tuple[Action, ...] = ()
    faults: tuple[ProviderFault, ...] = ()
    webhooks: str = Field(default="in_order", pattern="^(in_order|twice|newest_first)$")
    pre_basil: bool = False  # the account still gets Stripe's older event shape
    stripe_breaks: bool = False  # Stripe stores a 500 under the key of our first charge, which it never makes
    pays_while_we_charge: bool = False
    new_card_while_we_charge: bool = False  # between our first try, which reaches nobody, and its next run
    before: tuple[Deed, ...] = ()  # what has happened by the time the event of the failure is read
    expect: Expected

    @property
    def money(self) -> Money:
        return Money.of_major(self.amount, self.currency)

    @property
    def place(self) -> str:
        """Where the law of the place is looked up: `TH`, `US-MA`."""
        return f"{self.country}-{self.region}" if self.region else self.country

    @property
    def is_a_kind(self) -> bool:
        """Whether one like this customer can be played anywhere: nobody else and no policy of the demo is needed."""
        own = self.segment in ("strict", "chat", "post", "calls", "automatic")
        return not (self.other_of or self.again_of or self.same_person_as or own)

    def order_of(self, webhooks: Sequence[T]) -> list[T]:
        """As they reach us."""
        match self.webhooks:
            case "newest_first":
                return list(reversed(webhooks))
            case "twice":
                return [one for one in webhooks for _ in range(2)]
            case _:
                return list(webhooks)

    @property
    def fields(self) -> Fields:
        """What stands in the customer's fields at Stripe."""
        stated = {
            "email": f"{self.same_person_as or self.key}@customers.example",
            "country": self.country,
            "time_zone": self.time_zone if self.known_zone else None,
        }
        return Fields.model_validate(stated | self.writes.model_dump(exclude_unset=True))


class CardEnd(Frozen):
    """The last month in which a card is good."""

    month: int = Field(ge=1, le=12)
    year: int


class Renewing(Frozen):
    """One customer whose subscription renews and is charged to a card: nothing has failed."""

    key: str = Field(pattern="^[a-z][a-z0-9_]{1,30}$")
    story: str
    name: str
    country: str
    region: str = ""
    time_zone: str
    segment: str
    language: str = "en"
    reads: str = "en"
    phone: str
    agrees: bool = False  # to WhatsApp
    amount: str  # major units
    currency: str
    renews_on: int = Field(ge=1)  # days after the start of the play
    expires: CardEnd
    new_card_days_before: int | None = None  # … the charge
    told_by: Channel | None  # null: nothing is to be said

    @property
    def money(self) -> Money:
        return Money.of_major(self.amount, self.currency)

    @property
    def email(self) -> str:
        return f"{self.key}@customers.example"


class World(Frozen):
    """The whole script."""

    starts_on: datetime  # the moment of the failed payments, in the demo's own calendar
    days: int = Field(default=45, ge=1)
    faults: tuple[ProviderFault, ...] = ()
    customers: tuple[Customer, ...] = Field(min_length=1)
    renewing: tuple[Renewing, ...] = ()
    left_open: tuple[Customer, ...] = ()  # further cases, for a look in the UI when the demo is kept up
    left_open_days: int = Field(default=9, ge=1)

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        keys = [customer.key for customer in (*self.customers, *self.left_open)]
        keys += [customer.key for customer in self.renewing]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"customers: {', '.join(twice)} is there twice")
        if self.starts_on.tzinfo is None:
            raise ValueError("starts_on: it needs a time zone")
        seen: set[str] = set()
        for customer in self.customers:
            first = customer.other_of or customer.again_of or customer.same_person_as
            if first and first not in seen:
                raise ValueError(f"customers: {customer.key} belongs to {first}, who has to stand before")
            seen.add(customer.key)
        return self

    @property
    def ends_on(self) -> datetime:
        return self.starts_on + timedelta(days=self.days)

    def only(self, *keys: str) -> "World":
        """The same world with some of its customers."""
        owing = tuple(one for one in self.customers if one.key in keys)
        renewing = tuple(one for one in self.renewing if one.key in keys)
        return self.model_copy(update={"customers": owing, "renewing": renewing})


def read_world(file: Path = WORLD) -> World:
    """Reads a script. Raises SandboxError with one sentence for each thing that is wrong with it."""
    try:
        return read_model(file, World)
    except FileError as error:
        raise errors.SandboxError(str(error)) from None
