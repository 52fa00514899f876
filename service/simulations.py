"""A policy tried on a customer before anybody hears of it: the case as it would open, and the world that answers it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from domain import events
from domain.admission import admission
from domain.case import NO_PAYMENT_METHOD, Case, ChargeOutcome, Circumstances, Facts, PolicyRef, Whereabouts
from domain.decisions import Effect
from domain.declines import Decline, DeclineClass, DeclineTable, RawDecline, classify
from domain.gates import ALLOW, Answer, Postpone, Refuse
from domain.installation import COMPLETE
from domain.invoice import MethodRef
from domain.kinds.charge import ChargeResult, ChargeTask
from domain.kinds.handoff import HandoffResult
from domain.kinds.message import ContactOutcome, ContactState, ContactTask
from domain.opening import open_case
from domain.policy import Policy
from domain.retries import OwnTries, RetryOwner
from domain.rules.contacts import ContactRules, ContactUse
from domain.rules.law_table import LawTable, law_of
from domain.rules.minimum import MinimumCharges
from domain.rules.uses import MethodUse, NetworkRules, NextCharge, limit_of
from domain.simulation import Answered, Happening, News, live_ahead
from domain.steps import CHANNEL_NAMES, AttemptKind
from gateways.places import everywhere, place_of
from gateways.policy_files import PolicyError, PolicyStore, load_policy, policy_digest
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot
from service.customers import public_holidays, whereabouts
from service.requests import Refused
from service.sample_customers import SampleCustomer

_TYPICAL = (
    "insufficient_funds",
    "processing_error",
    "incorrect_cvc",
    "expired_card",
    "authentication_required",
    "stolen_card",
    "invalid_amount",
)
"""The best known code of each class."""
_STRIPES_DAYS = (2, 5, 9, 13)
"""Days on which Stripe is taken to try by itself, where tries are its own: its real ones differ for each payment."""
_AHEAD = timedelta(days=1)
_SOON = timedelta(hours=2)


class Tables(NamedTuple):
    """The dated tables that a case is judged by."""

    declines: DeclineTable
    rules: NetworkRules
    minimums: MinimumCharges
    law: LawTable


@dataclass
class SimulatedWorld:
    """`domain.simulation.World`: declines each charge alike and takes each message, where ceilings and caps have room.

    `around`: the circumstances apart from what charges use up; `used`, `said`: what was charged and said
    meanwhile; `before`: what the method was charged before.
    """

    tables: Tables
    raw: RawDecline
    do_not_honor: DeclineClass
    around: Circumstances
    address: Address | None = None  # None: every channel leads somewhere
    used: list[MethodUse] = field(default_factory=list)
    said: list[ContactUse] = field(default_factory=list)
    before: Callable[[NextCharge, timedelta], Sequence[MethodUse]] = lambda *_: ()

    def circumstances(self, case: Case, at: datetime) -> Circumstances:
        limit = limit_of(case, at, self.tables.rules, self._uses)
        return self.around.but(limit=limit, too_small=self.tables.minimums.ask(case.due))

    def answer(self, case: Case, effect: Effect, at: datetime) -> Answered:
        match effect.task:
            case ChargeTask():
                return self._charged(case, effect.task, at)
            case ContactTask():
                return self._contacted(effect.task, at)
        kind = effect.step.result_type
        if kind is not HandoffResult:
            return Answered(kind())
        report = events.AgencyReported(event_id=f"preview-{effect.step.key}", report=events.AgencyReport.ACKNOWLEDGED)
        return Answered(HandoffResult(reference="preview"), follows=(News(at + _SOON, "agency_reported", report),))

    def _uses(self, charge: NextCharge, window: timedelta) -> Sequence[MethodUse]:
        return [*self.before(charge, window), *(use for use in self.used if abs(use.at - charge.at) <= window)]

    def _charged(self, case: Case, task: ChargeTask, at: datetime) -> Answered:
        if task.kind is AttemptKind.OTHER_METHOD:
            return Answered(ChargeResult(outcome=ChargeOutcome.REFUSED, why="no other method is taken to be on file"))
        match self._room(case, at):
            case Postpone() as later:
                return Answered(ChargeResult(outcome=ChargeOutcome.POSTPONED, postponed=later, why=later.why))
            case Refuse() as no:
                return Answered(ChargeResult(outcome=ChargeOutcome.REFUSED, why=no.why), no.rule)
        decline = classify(self.raw, self.tables.declines, at=at, do_not_honor=self.do_not_honor)
        if decline.reached_network:
            self.used.append(_use(case, decline, at))
        return Answered(ChargeResult(outcome=ChargeOutcome.DECLINED, decline=decline))

    def _room(self, case: Case, at: datetime) -> Answer:
        limit = limit_of(case, at, self.tables.rules, self._uses)
        return limit.answer if limit else ALLOW

    def _contacted(self, task: ContactTask, at: datetime) -> Answered:
        if self.address and self.address.key(task.channel) is None:
            why = f"no address of the customer for {CHANNEL_NAMES[task.channel]} is known"
            return Answered(ContactOutcome(state=ContactState.UNREACHABLE, why=why))
        rules = ContactRules(invoice_id=task.invoice_id, channel=task.channel, facts=task.facts, caps=task.caps)
        match rules.ask(self.said, at):
            case Postpone() as later:
                return Answered(ContactOutcome(state=ContactState.POSTPONED, postponed=later))
            case Refuse() as no:
                return Answered(ContactOutcome(state=ContactState.REFUSED, why=no.why), no.rule)
        self.said.append(ContactUse(invoice_id=task.invoice_id, channel=task.channel, at=at, said=task.facts))
        return Answered(ContactOutcome(state=ContactState.SENT))


class Simulated(NamedTuple):
    """One customer's case under a policy, ready to be lived."""

    case: Case
    policy: Policy
    world: SimulatedWorld
    begins: datetime
    news: tuple[News, ...]
    invoice: InvoiceSnapshot
    address: Address
    code: str  # of the decline; "" for an invoice that was sent
    kind: str = ""  # the class of the decline, in words

    @property
    def zone(self) -> str:
        """The customer's."""
        return self.case.zone

    def lived(self) -> list[Happening]:
        """What happens, by its dates."""
        happenings = live_ahead(self.case, self.policy, self.world, self.begins, self.news)
        return sorted(happenings, key=attrgetter("at"))


class Simulations:
    """Opens cases that nobody has, with the rules and tables of this installation and every channel set up."""

    def __init__(self, tables: Tables, policies: Callable[[], PolicyStore]) -> None:
        self.tables = tables
        self._policies = policies

    def policy(self, named: str | None, segment: str, *, sent: bool = False) -> Policy:
        """A policy by its name, or out of a file; None: the segment's. Raises Refused."""
        try:
            if named and named.endswith((".yaml", ".yml")):
                return load_policy(named, self.tables.law)
            store = self._policies()
            return store.get(named) if named else store.for_segment(segment, sent=sent)
        except PolicyError as error:
            raise Refused(str(error)) from None

    def codes(self) -> dict[DeclineClass, str]:
        """For each class of declines a code that has it."""
        known = self.tables.declines.codes
        found: dict[DeclineClass, str] = {}
        for code in (*_TYPICAL, *known):
            if code in known:
                found.setdefault(known[code].decline_class, code)
        return {kind: found[kind] for kind in DeclineClass if kind in found}

    def open(
        self, policy: Policy, customer: SampleCustomer, code: str | None, opened: datetime, paid_on: int | None = None
    ) -> Simulated:
        """A case as it would open at a moment (UTC), by a decline with a code; of a sent invoice on its due date.

        `paid_on`: the day of the timeline on which the customer pays. Raises Refused when it would be no case at all.
        """
        sent = policy.sent_invoices
        invoice = customer.invoice(opened if sent else None)
        answer = admission(invoice.now, invoice.remaining, policy, of_subscription=customer.subscription)
        if isinstance(answer, Refuse):
            raise Refused(f"This invoice becomes no case: {answer.why} ({answer.rule}).")
        raw = self._raw(code, invoice)
        decline = None if sent else classify(raw, self.tables.declines, at=opened, do_not_honor=_switch(policy))
        facts, here = _facts(customer, policy, invoice, opened)
        law = law_of(self.tables.law, facts, here, policy.sells_in)
        days = public_holidays((here and here.place) or facts.country, opened.date())
        around = Circumstances(whereabouts=here, holidays=days, law=law, installation=COMPLETE)
        begins = opened + timedelta(days=min(0, policy.timeline[0].day)) - (_AHEAD if sent else timedelta(0))
        ref = PolicyRef(name=policy.name, version=policy.version, digest=policy_digest(policy))
        owner = policy.retries.owner
        case = open_case(facts, ref, decline, invoice.now, now=begins, retry_owner=owner)
        address = _address(customer)
        world = SimulatedWorld(self.tables, raw, _switch(policy), around, address)
        if decline and decline.reached_network:
            world.used.append(_use(case, decline, opened))
        theirs = _stripes_tries(decline, opened) if owner is RetryOwner.STRIPE else ()
        news = tuple(sorted((*theirs, *_payment(customer, opened, paid_on)), key=lambda one: one.at))
        told = (decline.code, decline.decline_class.value.replace("_", " ")) if decline else ("", "")
        return Simulated(case, policy, world, begins, news, invoice, address, *told)

    def _raw(self, code: str | None, invoice: InvoiceSnapshot) -> RawDecline:
        method = invoice.payment_method
        if method is None or code == NO_PAYMENT_METHOD:
            return RawDecline(error_code=NO_PAYMENT_METHOD, network_status="not_sent_to_network")
        known = self.tables.declines.codes
        if code and code not in known:
            raise Refused(f"There is no decline code {code!r}: use one of {', '.join(sorted(known))}.")
        return RawDecline(decline_code=code or _TYPICAL[0], network=method.network, method=method.ref)


def _switch(policy: Policy) -> DeclineClass:
    return policy.retries.do_not_honor


def _use(case: Case, decline: Decline, at: datetime) -> MethodUse:
    method = decline.raw.method or MethodRef(id="")
    final = decline.decline_class is DeclineClass.NEVER
    return MethodUse(
        at=at,
        amount=case.due,
        outcome=ChargeOutcome.DECLINED,
        invoice_id=case.facts.invoice_id,
        code=decline.raw.return_code,
        final=final,
        expiry=method.expiry,
    )


def _address(customer: SampleCustomer) -> Address:
    known: dict[str, Any] = customer.row.model_dump()
    return Address.model_validate({name: value for name, value in known.items() if name in Address.model_fields})


def _facts(
    customer: SampleCustomer, policy: Policy, invoice: InvoiceSnapshot, opened: datetime
) -> tuple[Facts, Whereabouts | None]:
    row, start = customer.row, opened.date()
    card = invoice.payment_method.country if invoice.payment_method else None
    place = place_of(row.time_zone, row.country, row.phone, card, start)
    facts = Facts(
        invoice_id=invoice.id,
        customer_id=row.customer_id,
        subscription_id=invoice.subscription_id,
        country=place.country,
        time_zones=place.zones or everywhere(policy.default_time_zone, policy.sells_in, start),
        place_known=bool(place.zones),
        segment=row.segment,
        amount=invoice.remaining,
        opened_at=opened,
        tried_before=not invoice.sent,
    )
    return facts, whereabouts(row, start)


def _stripes_tries(decline: Decline | None, opened: datetime) -> Iterable[News]:
    moments = [opened + timedelta(days=day) for day in _STRIPES_DAYS]
    yield News(opened, "invoice_changed", _plan(0, moments[0]))
    for number, (at, following) in enumerate(zip(moments, [*moments[1:], None], strict=True), start=1):
        attempt = events.ReportedAttempt(at=at, kind=AttemptKind.OTHER_ENGINE, decline=decline)
        yield News(
            at, "invoice_changed", _plan(number, following, attempt), "Stripe tries by itself (the day is a guess)"
        )


def _plan(
    made: int, following: datetime | None, attempt: events.ReportedAttempt | None = None
) -> events.InvoiceChanged:
    tries = OwnTries(made=made, next_at=following)
    return events.InvoiceChanged(event_id=f"preview-try-{made}", tries=tries, attempt=attempt)


def _payment(customer: SampleCustomer, opened: datetime, day: int | None) -> Iterable[News]:
    if day is not None:
        at = opened + timedelta(days=day)
        due = customer.amount
        paid = events.PaymentReceived(event_id="preview-paid", amount=due, remaining=due - due, paid=due)
        yield News(at, "payment_received", paid, f"the customer pays {due}")
