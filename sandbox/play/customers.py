"""The scripted customers in the stand-in world, and what they do there.

What they do reaches the case only by the providers' webhooks, like in life; what no provider tells (the agency's and
operators' words) is the driver's to pass on.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.money import Money
from sandbox.play.evidence import closing_of
from sandbox.play.script import Action, Customer, Deed, Sign
from sandbox.providers.faults import Fault
from sandbox.providers.journal import LogEntry
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.world import ProviderWorld

_SIGNS = {
    "email.accepted": Sign.EMAIL,
    "sms.accepted": Sign.SMS,
    "whatsapp.accepted": Sign.WHATSAPP,
    "line.accepted": Sign.LINE,
    "letter.accepted": Sign.LETTER,
    "notice.created": Sign.NOTICE,
    "handoff.accepted": Sign.HANDOFF,
}
_NO_FUNDS = Decline("insufficient_funds")
_CARD_DEEDS = frozenset({Deed.NEW_CARD, Deed.CARD_WORKS, Deed.CARD_UPDATED, Deed.DETACHES, Deed.SYNCED})
_CHANNEL_DEEDS = frozenset(
    {Deed.OPTS_OUT, Deed.ASKS_TO_STOP, Deed.ASKS_AGAIN, Deed.IS_A_STRANGER, Deed.WRITES_BACK}
    | {Deed.AGREES, Deed.BLOCKS, Deed.UNSUBSCRIBES}
)
_LEAVING = frozenset({Deed.CANCELS, Deed.CANCELS_LATER, Deed.DELETED})
_BANK_DEEDS = frozenset(
    {Deed.DISPUTES, Deed.DISPUTE_WON, Deed.DISPUTE_LOST, Deed.BANK_PAYS, Deed.BANK_RETURNS, Deed.COMES_BACK}
)
_PAYABLE = frozenset({"open", "uncollectible"})
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
    agenda: list[tuple[datetime, Action]] = field(default_factory=list)
    _signs: Counter[Sign] = field(default_factory=Counter)
    _disputes: list[str] = field(default_factory=list)  # open ones, the oldest first
    _credit: str = ""  # the newest credit note
    _reports: list[str] = field(default_factory=list)  # payments on their way elsewhere

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.script.time_zone)

    @property
    def line_user(self) -> str | None:
        """Their id on LINE, where the merchant knows it."""
        if not self.script.line:
            return None
        return str(self.world.stripe.get(self.customer)["metadata"]["line_user_id"])

    @property
    def numbers(self) -> set[str]:
        """Every number that they have in the course of the script."""
        changed = (action.becomes.phone for action in self.script.does)
        return {number for number in (self.script.phone, *changed) if number}

    @property
    def number(self) -> str:
        """The one that the merchant knows now."""
        return str(self.world.stripe.get(self.customer)["phone"])

    def day(self, moment: datetime) -> int:
        """The day of the case's own calendar."""
        return (moment.astimezone(self.zone).date() - self.opened_at.astimezone(self.zone).date()).days

    def hears(self, entry: LogEntry, now: datetime) -> None:
        """Takes notice of a message, a charge or a handoff, and decides what to do about it."""
        sign = Sign.CHARGE if is_our_try(entry) else _SIGNS.get(entry.kind)
        if sign is None or closing_of(entry):
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

    def late_at(self) -> datetime | None:
        """When the next of it happens."""
        return next((at for at, action in self.agenda if _is_late(action)), None)

    def take_late(self) -> tuple[datetime, Action] | None:
        """What still happens when the case has ended, and when. All else the customer leaves."""
        self.agenda = [plan for plan in self.agenda if _is_late(plan[1])]
        return self.agenda.pop(0) if self.agenda else None

    def amount(self, action: Action) -> Money:
        """The action's amount; without one, all that remains of the invoice."""
        if action.amount is not None:
            return Money.of_major(action.amount, self.script.currency)
        remaining = self.world.stripe.get(self.invoice)["amount_remaining"]
        return Money(amount=remaining, currency=self.script.currency)

    def do(self, action: Action) -> None:
        """Carries out an action in the stand-in world; one that no longer makes sense there is left out."""
        self.takes_note(action)
        if action.do in _CHANNEL_DEEDS:
            self._says(action)
        elif action.do is Deed.CHANGES_CONTACT:
            self.world.stripe.update_customer(self.customer, **action.becomes.model_dump(exclude_none=True))
        elif action.do in _LEAVING:
            self._leaves(action)
        elif action.do in _CARD_DEEDS:
            self._changes_card(action)
        elif action.do in _BANK_DEEDS:
            self._bank_decides(action)
        elif self.world.stripe.get(self.invoice)["status"] in _PAYABLE:
            self._stripe_tries(action)
            self._acts_on_invoice(action)

    def changes_card_during(self, charge: Fault) -> None:
        """Waits until our charge was turned away, and gives another card before it comes back. Blocks."""
        charge.reached.wait()
        self.note("new_card_while_we_charge")
        self.method = self.world.stripe.add_card(self.customer, behaviour=APPROVE)

    def pays_during(self, charge: Fault) -> None:
        """Waits until our charge stands at Stripe's door, pays, and lets it in. Blocks."""
        charge.reached.wait()
        self.note("pays_while_we_charge")
        self.world.stripe.customer_pays(self.invoice)
        charge.release()

    def _says(self, action: Action) -> None:
        twilio = self.world.twilio
        match action.do:
            case Deed.OPTS_OUT:
                twilio.opt_out(self.number)
            case Deed.ASKS_AGAIN:
                twilio.opt_in(self.number)
                twilio.wrote(self.number, "START")
            case Deed.AGREES:
                twilio.wrote(f"whatsapp:{self.number}", "START")
            case Deed.BLOCKS:
                self.world.line.block(self.line_user or "")
            case Deed.UNSUBSCRIBES:
                self.world.sendgrid.unsubscribe(self.script.fields.email or "")
            case _:
                twilio.wrote(self.number, action.words)

    def _changes_card(self, action: Action) -> None:
        stripe = self.world.stripe
        if action.do is Deed.NEW_CARD:
            answer = action.answer.outcome if action.answer else APPROVE
            self.method = stripe.add_card(self.customer, behaviour=answer)
        elif self.method and action.do is Deed.DETACHES:
            stripe.detach(self.method)
        elif self.method and action.do is Deed.SYNCED:
            stripe.update_billing_details(self.method, metadata={"synced": str(len(stripe.events))})
        elif self.method:
            stripe.set_behaviour(self.method, APPROVE)
            if action.do is Deed.CARD_UPDATED:
                stripe.update_card(self.method, exp_month=11, exp_year=2036)

    def _leaves(self, action: Action) -> None:
        stripe = self.world.stripe
        if action.do is Deed.DELETED:
            stripe.delete_customer(self.customer)
            return
        subscription = stripe.get(self.invoice)["parent"]["subscription_details"]["subscription"]
        leave = stripe.cancel_subscription if action.do is Deed.CANCELS else stripe.cancel_at_period_end
        leave(subscription)

    def _bank_decides(self, action: Action) -> None:
        stripe = self.world.stripe
        match action.do:
            case Deed.DISPUTES:
                self._disputes.append(stripe.open_dispute(self.invoice))
            case Deed.DISPUTE_WON | Deed.DISPUTE_LOST if self._disputes:
                stripe.close_dispute(self._disputes.pop(0), won=action.do is Deed.DISPUTE_WON)
            case Deed.COMES_BACK:
                stripe.return_debit(self.invoice)
            case Deed.BANK_PAYS:
                stripe.finish_processing(self.invoice, APPROVE)
            case Deed.BANK_RETURNS:
                answer = action.answer.outcome if action.answer else None
                stripe.finish_processing(self.invoice, answer if isinstance(answer, Decline) else _NO_FUNDS)

    def _acts_on_invoice(self, action: Action) -> None:
        stripe = self.world.stripe
        answer = action.answer.outcome if action.answer else None
        match action.do:
            case Deed.PAYS:
                stripe.customer_pays(self.invoice, self.amount(action).amount if action.amount else None)
            case Deed.TRIES_IN_VAIN:
                for _ in range(action.times):
                    stripe.customer_tries(self.invoice, outcome=answer)
            case Deed.TRIES_ANOTHER_CARD:
                other = stripe.add_card(self.customer, default=False)
                stripe.customer_tries(self.invoice, payment_method=other, outcome=answer)
            case Deed.DEBITS:
                part = self.amount(action).amount if action.amount else None
                stripe.customer_debits(self.invoice, part, kind="us_bank_account")
            case Deed.ENTERS_ACCOUNT:
                stripe.customer_enters_account(self.invoice)
            case Deed.CONFIRMS_DEPOSITS:
                stripe.customer_confirms_deposits(self.invoice)
            case Deed.OTHER_ENGINE_TRIES:
                stripe.other_engine_tries(self.invoice, answer)
            case Deed.AUTHENTICATES:
                stripe.customer_authenticates(self.invoice)
            case Deed.TAKES_VOUCHER:
                stripe.customer_takes_voucher(self.invoice)
            case Deed.CHOOSES_TRANSFER:
                stripe.customer_chooses_transfer(self.invoice)
            case _:
                self._is_booked(action)

    def _is_booked(self, action: Action) -> None:
        """What comes in from elsewhere, and what the merchant corrects."""
        stripe = self.world.stripe
        match action.do:
            case Deed.CREDITED:
                self._credit = stripe.credit(self.invoice, self.amount(action).amount)
            case Deed.CREDIT_VOIDED:
                stripe.void_credit(self._credit)
            case Deed.VOIDED:
                stripe.void(self.invoice)
            case Deed.PAID_ELSEWHERE | Deed.AGENCY_COLLECTS:
                stripe.pay_out_of_band(self.invoice)
            case Deed.VOUCHER_PAID:
                stripe.voucher_is_paid(self.invoice)
            case Deed.TRANSFER_ARRIVES:
                stripe.transfer_arrives(self.invoice)
            case Deed.REPORTS_PAYMENT:
                amount = self.amount(action).amount
                self._reports += [stripe.reports_payment(self.invoice, amount) for _ in range(action.times)]
            case Deed.REPORTS_FAIL:
                for report in self._reports:
                    stripe.reported_payment_ends(report, "failed")

    def planned(self, action: Action) -> datetime:
        """For when Stripe plans its next try."""
        today = self.opened_at.astimezone(self.zone).date() + timedelta(days=action.day or 0)
        return datetime.combine(today, action.at, tzinfo=self.zone) + action.wait

    def _stripe_tries(self, action: Action) -> None:
        if action.do is Deed.STRIPE_PLANS:
            self.world.stripe.plan_retry(self.invoice, self.planned(action))
        elif action.do is Deed.STRIPE_RETRIES:
            self.world.stripe.retry(self.invoice, action.answer.outcome if action.answer else None)

    def takes_note(self, action: Action) -> None:
        """Writes an action into the journal, with the money that comes in by it outside Stripe."""
        outside = action.do is Deed.TRANSFERS or action.paid
        said: dict[str, Any] = {"amount": self.amount(action).amount} if outside else {}
        if action.do is Deed.CHANGES_CONTACT:
            owner = self.world.stripe.get(self.customer)
            said["left"] = [owner[name] for name in ("email", "phone") if getattr(action.becomes, name)]
        if action.do in _CHANNEL_DEEDS | {Deed.AGREES_TO_CALLS, Deed.STATES_CALL_HOURS}:
            said |= {"number": self.number, "words": action.words}
        if action.do is Deed.STRIPE_PLANS:
            said["planned"] = self.planned(action).isoformat()
        if action.do is Deed.OPERATOR_SKIPS:
            said["step"] = action.step
        if action.do is Deed.OPERATOR_REOPENS:
            said["channel"] = action.channel.value
        self.note(action.do.value, **said)

    def mails(self) -> list[str]:
        """The text parts of the e-mails to them, the oldest first."""
        return [str(mail.text) for mail in self.world.sendgrid.sent if mail.to == self.script.fields.email]

    def note(self, what: str, **data: Any) -> None:
        """Writes what happened outside the providers into the world's one journal, in its order."""
        subjects = {"customer": self.customer, "invoice": self.invoice}
        self.world.journal.record("customer", what, subjects, data=data)


def _is_late(action: Action) -> bool:
    return action.late or action.do is Deed.COMES_BACK


def is_our_try(entry: LogEntry) -> bool:
    """Whether the entry is a charge attempt of the system under demonstration."""
    return entry.kind in _TRIES and (entry.key or "").startswith("dun:")
