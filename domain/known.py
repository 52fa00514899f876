"""What is true of one message right before it is sent: the facts of the case, and what was read of the invoice."""

from datetime import date
from enum import StrEnum

from domain.base import Frozen
from domain.closed import Closed
from domain.declines import DeclineClass, Reason
from domain.money import Money
from domain.steps import Access, Stage
from domain.truth import Ending, MessageFacts


class Todo(StrEnum):
    """What the customer can do."""

    PAY = "pay"
    PAY_EARLY = "pay_early"  # a further try is planned: paying now is an offer
    ADD_METHOD = "add_method"
    NEW_METHOD = "new_method"
    FIX_DATA = "fix_data"
    AUTHENTICATE = "authenticate"
    VERIFY_ACCOUNT = "verify_account"  # confirm the small deposits on a bank account
    SEND_TRANSFER = "send_transfer"  # by the instructions that they asked for


ASKING = (
    Todo.ADD_METHOD,
    Todo.NEW_METHOD,
    Todo.FIX_DATA,
    Todo.AUTHENTICATE,
    Todo.VERIFY_ACCOUNT,
    Todo.SEND_TRANSFER,
)
"""What asks for more than to pay."""

# Without a try, only these are known to be the cause.
_KNOWN_WITHOUT_TRY = frozenset({Reason.NO_PAYMENT_METHOD, Reason.EXPIRED_CARD})
# They ask for the payment, whatever is tried besides, and name the consequence.
_INSISTS = frozenset({Stage.FIRM, Stage.FINAL})


class Tone(StrEnum):
    """How a message speaks: by its stage, and by whether one of that stage went out on a day before."""

    FRIENDLY = "friendly"
    REMINDER = "reminder"
    REMINDER_AGAIN = "reminder_again"
    FIRM = "firm"
    FIRM_AGAIN = "firm_again"
    FINAL = "final"
    ACTION = "action"
    CLOSING = "closing"

    @property
    def stage(self) -> Stage:
        return Stage(self.removesuffix("_again"))


class Other(Frozen):
    """One more unpaid invoice of the customer."""

    number: str
    due: Money
    link: str  # of its payment page
    final: bool = False  # the message is its final notice as well


class Period(Frozen):
    """What is paid for, from a day to the day on which the next period begins, as the invoice says it."""

    start: date
    end: date


class AtSending(Frozen):
    """What is read anew when a message is sent. Never stored: it names the customer."""

    merchant: str
    contact: str  # where the merchant answers
    name: str | None  # the customer's, if it is one
    number: str  # the invoice's
    due: Money  # what is still to be paid; of a closing message: what was, or what is given up
    total: Money  # what the invoice says, before any balance or payment
    subscription: bool  # whether the invoice belongs to one
    verifying: bool  # whether a bank account that the customer gave for it has to be verified first
    transfers: bool  # whether the customer chose to pay it by bank transfer, and has the instructions
    voucher: bool  # whether the customer has a voucher for it, to be paid in cash
    has_method: bool  # whether there is a payment method that the next charge would be made on
    link: str  # of the payment page
    others: tuple[Other, ...] = ()
    bought: str | None = None  # in the invoice's own words
    period: Period | None = None
    tax: Money | None = None  # of the total
    method: str | None = None  # what the next charge would be made on: "Visa •••• 4242"
    preferences: str | None = None  # link to what the customer gets
    imprint: str | None = None  # link
    agreed_on: date | None = None  # when the customer agreed to the terms; None: nothing of it is on record
    terms: str | None = None  # link to the version that they agreed to
    answers: bool = False  # whether an answer to the e-mail reaches the merchant
    bank: bool = False  # whether a letter may name the merchant's own account
    agency: str | None = None  # the collections agency, as customers know it
    framed: bool = False  # whether an approved text around the message says who writes

    @property
    def all_due(self) -> tuple[Money, ...]:
        """What is due in all, one amount for each currency."""
        totals: dict[str, Money] = {}
        for money in (self.due, *(other.due for other in self.others)):
            known = totals.get(money.currency)
            totals[money.currency] = known + money if known else money
        return tuple(totals.values())


class Known(Frozen):
    """Answers to the questions that decide about a sentence."""

    facts: MessageFacts
    at: AtSending

    def method_came(self) -> bool:
        """The invoice has the payment method that the case still misses: nobody is asked for it, nor told of it."""
        return self.facts.reason is Reason.NO_PAYMENT_METHOD and self.at.has_method

    def reason(self) -> Reason | None:
        return Reason.ACCOUNT_VERIFICATION if self.at.verifying else self.facts.reason

    def verifies(self) -> bool:
        return self.reason() is Reason.ACCOUNT_VERIFICATION

    def stage(self) -> Stage:
        """The mail that would ask for a method that is there, or that is not needed, is a friendly one."""
        needless = self.method_came() or self.was_sent() or (self.verifies() and not self.tried())
        return Stage.FRIENDLY if self.facts.stage is Stage.ACTION and needless else self.facts.stage

    def tone(self) -> Tone:
        again = self.facts.again and self.stage() in (Stage.REMINDER, Stage.FIRM)
        return Tone(f"{self.stage()}_again" if again else self.stage())

    def insists(self) -> bool:
        return self.stage() in _INSISTS

    def was_sent(self) -> bool:
        """The customer pays it on demand, by a day: nothing was or will be collected."""
        return self.facts.due_on is not None

    def is_collected(self) -> bool:
        return not self.was_sent()

    def tried(self) -> bool:
        return self.facts.tried

    def came_back(self) -> bool:
        return self.facts.came_back

    def knows_why(self) -> bool:
        reason = self.facts.reason
        told = reason is not None and (self.tried() or reason in _KNOWN_WITHOUT_TRY)
        if self.at.transfers:
            return False  # why a charge failed matters no more to who pays in another way
        if self.reason() is Reason.INSUFFICIENT_FUNDS and self.stage() is not Stage.FRIENDLY:
            return False  # not said again and again: others may read the same mailbox
        return self.verifies() or (self.is_collected() and told and not self.method_came())

    def tells_why_on_paper(self) -> bool:
        """Whoever opens the letter reads it: that there was not enough is said in none."""
        return self.knows_why() and self.reason() is not Reason.INSUFFICIENT_FUNDS

    def todo(self) -> Todo:
        """What to ask for. A payment that no retry can win is asked for in another way."""
        if self.was_sent():
            return Todo.PAY
        if self.at.transfers:
            return Todo.SEND_TRANSFER
        if self.verifies():
            return Todo.VERIFY_ACCOUNT
        action = None if self.method_came() else self.facts.action
        if action is DeclineClass.AUTHENTICATE:
            return Todo.AUTHENTICATE
        if self.facts.reason is Reason.NO_PAYMENT_METHOD and not self.method_came():
            return Todo.ADD_METHOD
        if action is DeclineClass.FIX_DATA:
            return Todo.FIX_DATA
        if action in (DeclineClass.NEW_METHOD, DeclineClass.NEVER):
            return Todo.NEW_METHOD
        return Todo.PAY_EARLY if self.charge_is_planned() and not self.insists() else Todo.PAY

    def shows_bank(self) -> bool:
        """Who transfers while a charge is planned, or beside what they have begun to pay by, pays twice."""
        begun = self.charge_is_planned() or self.at.voucher
        return self.at.bank and self.todo() is Todo.PAY and not begun

    def leads_to_the_invoice(self) -> bool:
        """The payment page shows it, and has it as a PDF; the page for small deposits does not."""
        return not self.verifies()

    def asks_for_more(self) -> bool:
        return self.todo() in ASKING

    def only_pays(self) -> bool:
        return not self.asks_for_more()

    def asks_a_confirmation(self) -> bool:
        return self.todo() in (Todo.AUTHENTICATE, Todo.VERIFY_ACCOUNT)

    def asks_no_confirmation(self) -> bool:
        return not self.asks_a_confirmation()

    def charge_is_planned(self) -> bool:
        """On a day that is known: what the customer has begun to pay by is waited for, however long it takes."""
        begun = self.at.verifying or self.at.transfers or self.at.voucher
        return self.facts.next_charge_on is not None and self.is_collected() and not begun

    def pays_or_is_charged(self) -> bool:
        """Whether paying is urged and a further try is planned: it is made unless the customer pays before."""
        return self.charge_is_planned() and self.todo() is Todo.PAY

    def is_charged_anyway(self) -> bool:
        return self.charge_is_planned() and not self.pays_or_is_charged()

    def has_a_todo(self) -> bool:
        return not self.pays_or_is_charged()

    def is_read_only(self) -> bool:
        return self.facts.access is Access.READ_ONLY

    def is_blocked(self) -> bool:
        return self.facts.access is Access.BLOCKED

    def will_be_restricted(self) -> bool:
        """Before the end, and for the first time: a restriction that stands is never announced again."""
        return self.facts.access is Access.FULL and self._loses_access()

    def will_be_tightened(self) -> bool:
        """Before the end, and more than now: what is read-only will be blocked."""
        return self.facts.access is Access.READ_ONLY and self.facts.tightens and self._loses_access()

    def _loses_access(self) -> bool:
        facts = self.facts
        return facts.restricts_on is not None and (facts.ends_on is None or facts.restricts_on < facts.ends_on)

    def foresees_the_end(self) -> bool:
        """It is known, and the final notice, which is to say it, is still to come."""
        return self.knows_the_end() and not self.facts.warned

    def was_warned(self) -> bool:
        """It is known, and a final notice has said it."""
        return self.knows_the_end() and self.facts.warned

    def knows_the_end(self) -> bool:
        """When it is, and what happens then."""
        return self.facts.ends_on is not None and self.facts.ending is not None

    def plan(self) -> str:
        """Whether the end takes a subscription with it."""
        return "with_subscription" if self.facts.cancels and self.at.subscription else "without_subscription"

    def paid_in_part(self) -> bool:
        return self.at.total != self.at.due

    def shows_total(self) -> bool:
        return self.paid_in_part() or self.states_tax()

    def states_tax(self) -> bool:
        return self.at.tax is not None

    def knows_what(self) -> bool:
        return bool(self.at.bought)

    def knows_period(self) -> bool:
        return self.at.period is not None

    def names_method(self) -> bool:
        return self.is_collected() and self.at.method is not None

    def has_preferences(self) -> bool:
        return self.at.preferences is not None

    def has_agreed(self) -> bool:
        return self.at.agreed_on is not None and self.at.terms is not None

    def has_imprint(self) -> bool:
        return self.at.imprint is not None

    def can_be_answered(self) -> bool:
        return self.at.answers

    def introduces(self) -> bool:
        """Whether the message itself has to say who writes."""
        return not self.at.framed

    def has_others(self) -> bool:
        return bool(self.at.others)

    def lists_finals(self) -> bool:
        return any(other.final for other in self.at.others)

    def lists_settled(self) -> bool:
        """Whether others were settled as well, each for a sum of its own."""
        return self.lists_finals() and self.facts.closed is Closed.SETTLED

    def lists_alike(self) -> bool:
        """Whether all that is said holds for others as well."""
        return self.lists_finals() and not self.lists_settled()

    def lists_others(self) -> bool:
        return any(not other.final for other in self.at.others)

    def ends(self) -> str:
        """Whether the end that is named is that of one invoice, or of several."""
        return "all" if self.lists_finals() else "one"

    def closes(self) -> bool:
        """Whether all is known that a closing message names."""
        facts = self.facts
        match facts.closed:
            case None:
                return False
            case Closed.SETTLED:
                return facts.settled_for is not None
            case Closed.ENDED:
                return facts.ends_on is not None
        return True

    def says(self, closed: Closed) -> bool:
        """Whether it is this closing message."""
        return self.facts.closed is closed

    def leaves(self, left: str) -> bool:
        """Whether this became of a debt that was not paid."""
        return self.facts.closed in (Closed.ENDED, Closed.GIVEN_UP) and self._left() == left

    def has_an_agency(self) -> bool:
        return self.leaves("agency") or self.leaves("agency_named")

    def is_closed_unpaid(self) -> bool:
        return self.leaves("closed") or self.leaves("write_off")

    def _left(self) -> str:
        if self.facts.ending is not Ending.COLLECTIONS:
            return "closed" if self.facts.closed is Closed.ENDED else "write_off"
        return "agency_named" if self.at.agency else "agency"

    def has_access_again(self) -> bool:
        """Beside what else is said: where nothing else is, the message is about it."""
        return self.facts.restored and self.facts.closed is not Closed.ACCESS_BACK

    def bill(self) -> str:
        """Whether it is one invoice that has to be paid, or several."""
        return "all" if self.has_others() else "one"

    def named(self) -> bool:
        return bool(self.at.name)

    def nameless(self) -> bool:
        return not self.named()

    def values(self) -> dict[str, Money | date | str | Period | tuple[Money, ...] | tuple[str, ...] | None]:
        """What sentences name."""
        facts, at = self.facts, self.at
        return {
            "merchant": at.merchant,
            "contact": at.contact,
            "name": at.name,
            "number": at.number,
            "amount": at.due,
            "total": at.total,
            "bought": at.bought,
            "period": at.period,
            "tax": at.tax,
            "method": at.method,
            "link": at.link,
            "count": str(1 + len(at.others)),
            "sum": at.all_due,
            "finals": tuple(other.number for other in at.others if other.final),
            "next_charge_on": facts.next_charge_on,
            "restricts_on": facts.restricts_on,
            "ends_on": facts.ends_on,
            "due_on": facts.due_on,
            "agreed_on": at.agreed_on,
            "settled_for": facts.settled_for,
            "agency": at.agency,
        }
