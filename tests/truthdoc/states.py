"""The states in which a case may be when something is said of it, each made by living a case until then."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from domain.case import Case
from domain.changes import invoice_is
from domain.declines import Decline, DeclineClass
from domain.invoice import NO_METHOD, InvoiceNow, OwnTries
from domain.known import Other
from domain.money import Money
from domain.policy import Policy
from domain.protection import Protected, Protection, SetBy
from domain.situation import Situation
from gateways.policy_files import load_policy
from tests.domain.builders import (
    POLICIES,
    a_case,
    a_policy,
    at,
    disputed,
    live,
    of_class,
    paid,
    paused,
    payment,
    situation,
    usd,
)

OTHER = Other(number="AC-0007", due=usd("40"), link="https://pay.example/o")


class State(NamedTuple):
    """One state."""

    name: str
    now: Situation
    total: Money = usd("100")  # what the invoice says
    others: tuple[Other, ...] = ()
    verifying: bool = False
    transfers: bool = False
    voucher: bool = False
    has_method: bool = True
    subscription: bool = True


def states() -> Iterator[State]:
    """All of them, of a case that was opened on 1 April 2030 in Bangkok over 100 dollars."""
    yield State("A further try is planned, and a restriction", _on("04-04 12:00"))
    yield State("Not enough money: the next try is on a payday", _on("04-04 12:00", "insufficient_funds"))
    yield State("The last try is planned", _on("04-13 12:00"))
    yield State("No further try, the account is read-only", _on("04-16 12:00"))
    yield State("The final notice is out: the end is announced", _on("04-24 12:00"))
    yield State("The final notice is out, and nothing was restricted", _on("04-24 12:00", policy=_KEEPING))
    yield State("A restriction to come on this very day", _on("04-11 09:00"))
    yield State("Read-only, and to be blocked", _on("04-13 12:00", policy=_BLOCKING))
    yield State("Blocked", _on("04-16 12:00", policy=_BLOCKING))
    yield State("A technical fault, to be tried again within hours", _on("04-01 10:10", "processing_error"))
    yield State("Part of it is paid", _situation(payment("p", usd("30"))(_lived("04-04 12:00"), at("04-04 12:00"))))
    yield State("Too small for the agency", _on("04-16 12:00", due=usd("20")), total=usd("20"))
    yield State("No subscription", _on("04-16 12:00", subscription=None), subscription=False)
    yield State("The policy cancels no subscription", _on("04-16 12:00", policy=_KEEPING))
    yield State("An expired card", _on("04-04 12:00", "expired_card"))
    yield State("Wrong card details", _on("04-04 12:00", "incorrect_number"))
    yield State("A card that is misused: masked", _on("04-04 12:00", "stolen_card"))
    yield State("The bank wants a confirmation", _on("04-04 12:00", "authentication_required"))
    yield State("Only another payment method helps", _on("04-04 12:00", of_class(DeclineClass.NEVER)))
    untried = a_case(None, tried_before=False)
    none = _read(untried, InvoiceNow(method=NO_METHOD), at("04-01 10:00"))
    yield State("No payment method, nothing was tried", none, has_method=False)
    verifying = _read(untried, InvoiceNow(verifying=True), at("04-01 10:00"))
    yield State("A bank account is to be verified", verifying, verifying=True)
    transfer = _read(_lived("04-04 12:00"), InvoiceNow(transfer=True))
    yield State("A bank transfer was chosen", transfer, transfers=True)
    voucher = _read(_lived("04-04 12:00"), InvoiceNow(voucher=True))
    yield State("The customer has a voucher, to be paid in cash", voucher, voucher=True)
    yield State("Several unpaid invoices", _on("04-16 12:00"), others=(OTHER,))
    finals = (OTHER.model_copy(update={"final": True}),)
    yield State("Several that end together", _on("04-16 12:00"), others=finals)
    yield State("A payment that was taken back", _situation(_taken_back("04-04 12:00")))
    yield State("Stripe makes the tries, and has planned one", _stripes(at("04-08 10:00")))
    yield State("Stripe makes the tries, and has none left", _stripes(None))
    yield State("A sent invoice, before it is due", _sent("04-20 10:00"))
    yield State("A sent invoice, overdue", _sent("04-02 10:00"))
    yield State("A bank debit is on its way", _read(_lived("04-04 12:00"), InvoiceNow(paying=True)))
    yield State("A dispute is open", _situation(disputed()(_lived("04-04 12:00"), at("04-04 12:00"))))
    yield State("An operator paused it", _situation(paused()(_lived("04-04 12:00"), at("04-04 12:00"))))
    yield State("The person is protected", _protected(_lived("04-04 12:00")))
    gone = _read(_lived("04-04 12:00"), InvoiceNow(customer_deleted=True))
    yield State("The customer is deleted at the provider", gone)
    yield State("Paid", _situation(live(a_case(), answers=lambda *_: paid()).case))
    yield State("Ended, and with the agency", _on("05-02 12:00"))


_MAIL = {"remind": {"channel": "email", "stage": "firm"}}
_END = (
    {"day": 21, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
    {"day": 28, "do": ["cancel_subscription", "escalate"]},
)
_BLOCKING = a_policy(
    {"day": 7, "do": [_MAIL]},
    {"day": 10, "do": [{"restrict": "read_only"}]},
    {"day": 14, "do": [{"restrict": "blocked"}]},
    *_END,
)
_KEEPING = a_policy({"day": 7, "do": [_MAIL]}, _END[0], {"day": 28, "do": ["escalate"]})


def _lived(when: str, code: Decline | str = "generic_decline", **said: Any) -> Case:
    return live(a_case(code, **said), until=at(when)).case


def _on(when: str, code: Decline | str = "generic_decline", **said: Any) -> Situation:
    return _situation(_lived(when, code, **said), at(when))


def _situation(case: Case, when: datetime | None = None) -> Situation:
    return situation(case, when or at("04-04 12:00"))


def _read(case: Case, invoice: InvoiceNow, when: datetime | None = None) -> Situation:
    return _situation(invoice_is(case, invoice, when or at("04-04 12:00"), "read"), when)


def _taken_back(when: str) -> Case:
    case = a_case("generic_decline")
    facts = case.facts.model_copy(update={"reopens": "in_0", "tried_before": False})
    return live(case.but(facts=facts), until=at(when)).case


def _shipped(name: str) -> Policy:
    return load_policy(POLICIES / f"{name}.yaml")


def _stripes(next_at: datetime | None) -> Situation:
    return _read(a_case(policy=_shipped("stripe-retries")), InvoiceNow(tries=OwnTries(next_at=next_at)))


def _sent(due: str) -> Situation:
    case = a_case(None, policy=_shipped("sent-invoices"), tried_before=False)
    return _read(case, InvoiceNow(sent=True, due_at=at(due)))


def _protected(case: Case) -> Situation:
    when = at("04-04 12:00")
    said = Protected(protection=Protection.BANKRUPTCY, event_id="e", since=when, source=SetBy.OPERATOR, by="pat")
    now = _situation(case)
    return Situation(case, now.policy, now.circumstances.but(protections=(said,)), when)
