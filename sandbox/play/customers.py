"""The scripted customers in the stand-in world: their accounts, and what they do there.

What they do reaches the case only as Stripe's events, like in life; what Stripe does not tell (opt-outs, the agency's
and operators' words) is the driver's to pass on.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.money import Money
from sandbox.play.script import Action, Customer, Deed, Sign
from sandbox.providers.faults import Fault, Mode
from sandbox.providers.journal import Json, LogEntry
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.stripe_store import Cause, StripeFailure
from sandbox.providers.world import ProviderWorld

_SIGNS = {
    "email.accepted": Sign.EMAIL,
    "sms.accepted": Sign.SMS,
    "notice.created": Sign.NOTICE,
    "handoff.accepted": Sign.HANDOFF,
}
_NO_FUNDS = Decline("insufficient_funds")
_CARD_DEEDS = frozenset({Deed.NEW_CARD, Deed.CARD_WORKS, Deed.CARD_UPDATED})
_BANK_DEEDS = frozenset({Deed.DISPUTES, Deed.DISPUTE_WON, Deed.DISPUTE_LOST, Deed.BANK_PAYS, Deed.BANK_RETURNS})
_TRIES = frozenset({"charge.succeeded", "charge.failed", "charge.processing", "payment.requires_action"})


@dataclass
class Actor:
    """A customer with a failed invoice, and what they are going to do."""

    script: Customer
    world: ProviderWorld
    customer: str
    method: str | None
    invoice: str
    opened_at: datetime
    events: list[Json]  # Stripe's events of the failed payment: what opens the case
    agenda: list[tuple[datetime, Action]] = field(default_factory=list)
    _signs: Counter[Sign] = field(default_factory=Counter)
    _dispute: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.script.time_zone)

    def day(self, moment: datetime) -> int:
        """The day of the case's own calendar."""
        return (moment.astimezone(self.zone).date() - self.opened_at.astimezone(self.zone).date()).days

    def hears(self, entry: LogEntry, now: datetime) -> None:
        """Takes notice of a message, a charge or a handoff, and decides what to do about it."""
        sign = Sign.CHARGE if is_our_try(entry) else _SIGNS.get(entry.kind)
        if sign is None:
            return
        self._signs[sign] += 1
        for action in self.script.does:
            if action.after is sign and action.nth == self._signs[sign]:
                self.agenda.append((now + action.wait, action))
        self.agenda.sort(key=lambda plan: plan[0])

    def next_at(self) -> datetime | None:
        return self.agenda[0][0] if self.agenda else None

    def take_due(self, now: datetime) -> Action | None:
        return self.agenda.pop(0)[1] if self.agenda and self.agenda[0][0] <= now else None

    def amount(self, action: Action) -> Money:
        """The action's amount; without one, all that remains of the invoice."""
        if action.amount is not None:
            return Money.of_major(action.amount, self.script.currency)
        remaining = self.world.stripe.get(self.invoice)["amount_remaining"]
        return Money(amount=remaining, currency=self.script.currency)

    def do(self, action: Action) -> None:
        """Carries out an action in the stand-in world; one that no longer makes sense there is left out."""
        self.note(action.do.value)
        if action.do is Deed.OPTS_OUT:
            self.world.twilio.opt_out(self.script.phone or "")
        elif action.do in _CARD_DEEDS:
            self._changes_card(action)
        elif action.do in _BANK_DEEDS:
            self._bank_decides(action)
        elif self.world.stripe.get(self.invoice)["status"] == "open":
            self._acts_on_invoice(action)

    def pays_during(self, charge: Fault) -> None:
        """Waits until our charge stands at Stripe's door, pays, and lets it in. Blocks."""
        charge.reached.wait()
        self.note("pays_while_we_charge")
        self.world.stripe.customer_pays(self.invoice)
        charge.release()

    def _changes_card(self, action: Action) -> None:
        stripe = self.world.stripe
        if action.do is Deed.NEW_CARD:
            answer = action.answer.outcome if action.answer else APPROVE
            self.method = stripe.add_card(self.customer, behaviour=answer)
        elif self.method:
            stripe.set_behaviour(self.method, APPROVE)
            if action.do is Deed.CARD_UPDATED:
                stripe.update_card(self.method, exp_month=11, exp_year=2036)

    def _bank_decides(self, action: Action) -> None:
        stripe = self.world.stripe
        match action.do:
            case Deed.DISPUTES:
                self._dispute = stripe.open_dispute(self.invoice)
            case Deed.DISPUTE_WON | Deed.DISPUTE_LOST if self._dispute:
                stripe.close_dispute(self._dispute, won=action.do is Deed.DISPUTE_WON)
            case Deed.BANK_PAYS:
                stripe.finish_processing(self.invoice, APPROVE)
            case Deed.BANK_RETURNS:
                answer = action.answer.outcome if action.answer else None
                stripe.finish_processing(self.invoice, answer if isinstance(answer, Decline) else _NO_FUNDS)

    def _acts_on_invoice(self, action: Action) -> None:
        stripe = self.world.stripe
        match action.do:
            case Deed.PAYS:
                stripe.customer_pays(self.invoice, self.amount(action).amount if action.amount else None)
            case Deed.TRIES_IN_VAIN:
                for _ in range(action.times):
                    self._tries(action)
            case Deed.AUTHENTICATES:
                stripe.customer_authenticates(self.invoice)
            case Deed.CREDITED:
                stripe.credit(self.invoice, self.amount(action).amount)
            case Deed.VOIDED:
                stripe.void(self.invoice)
            case Deed.PAID_ELSEWHERE | Deed.AGENCY_COLLECTS:
                stripe.pay_out_of_band(self.invoice)

    def opening_events(self) -> list[Json]:
        """Stripe's events of the failed payment, as the script's webhooks bring them."""
        return [event for event in self.events for _ in range(2 if self.script.webhooks == "twice" else 1)]

    def note(self, what: str, **data: Any) -> None:
        """Writes what happened outside the providers into the world's one journal, in its order."""
        subjects = {"customer": self.customer, "invoice": self.invoice}
        self.world.journal.record("customer", what, subjects, data=data)

    def _tries(self, action: Action) -> None:
        stripe = self.world.stripe
        answer = action.answer.outcome if action.answer else None
        with self.world.lock:
            try:
                stripe.payments.collect(stripe.store.objects[self.invoice], Cause(origin="customer"), outcome=answer)
            except StripeFailure as failure:
                if failure.status != 402:
                    raise
        stripe.webhooks.deliver()


def is_our_try(entry: LogEntry) -> bool:
    """Whether the entry is a charge attempt of the system under demonstration."""
    return entry.kind in _TRIES and (entry.key or "").startswith("dun:")


def enter(script: Customer, world: ProviderWorld, starts_on: datetime) -> Actor:
    """Creates the customer in the stand-ins and lets the first payment of the invoice fail."""
    stripe = world.stripe
    metadata = {"time_zone": script.time_zone} if script.known_zone else {}
    customer = stripe.add_customer(
        script.name,
        email=script.email,
        phone=script.phone,
        country=script.country,
        locales=[script.language],
        metadata=metadata,
    )
    if script.mail_bounces and script.email:
        world.sendgrid.bounce(script.email)
    method = _method(script, world, customer)
    money = script.money
    before = len(stripe.events)
    if script.has_subscription:
        invoice = stripe.fail_first_payment(customer, amount=money.amount, currency=money.currency.lower())
    else:
        invoice = stripe.add_invoice(customer, amount=money.amount, currency=money.currency.lower())
        with world.lock:
            try:
                stripe.payments.collect(stripe.store.objects[invoice], Cause())
            except StripeFailure as failure:
                if failure.status != 402:
                    raise
    failed = [e for e in stripe.events[before:] if e["type"] == "invoice.payment_failed"]
    if script.pre_basil:
        failed = [stripe.webhooks.in_old_shape(event) for event in failed]
    actor = Actor(script, world, customer, method, invoice, starts_on, failed)
    midnight = starts_on.astimezone(actor.zone).date()
    for action in script.does:
        if action.day is not None:
            day = midnight + timedelta(days=action.day)
            actor.agenda.append((datetime.combine(day, action.at, tzinfo=actor.zone), action))
    actor.agenda.sort(key=lambda plan: plan[0])
    for fault in script.faults:
        world.faults.add(fault.provider, fault.match.format(invoice=invoice), fault.mode, times=fault.times)
    if script.pays_while_we_charge:
        charge = world.faults.add("stripe", f"POST /v1/invoices/{invoice}/pay", Mode.HOLD_BEFORE)
        threading.Thread(target=actor.pays_during, args=[charge], daemon=True).start()
    if script.paid_before:
        stripe.customer_pays(invoice)
    return actor


def _method(script: Customer, world: ProviderWorld, customer: str) -> str | None:
    pays_with = script.pays_with
    if pays_with.kind == "none":
        return None
    answers = [answer.outcome for answer in pays_with.answers]
    if pays_with.kind == "card":
        return world.stripe.add_card(customer, behaviour=answers, brand=pays_with.brand)
    return world.stripe.add_bank_debit(customer, behaviour=answers, kind=pays_with.kind, country=script.country)
