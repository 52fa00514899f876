"""What may happen to an unpaid invoice: its customer, banks, other programs, clerks and agencies do it."""

from collections.abc import Callable
from datetime import timedelta

from domain import events
from domain.money import Money
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.stripe_store import StripeFailure
from tests.lives.household import Act, Chance, Told

_WEEK = 7 * 24 * 60

Tell = Callable[[str, str, events.Message], None]


class Happenings(Told):
    """`tell` gives a case an order or a fact that does not come from Stripe; `out_of_band` is what others recorded
    there as paid."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._number = 0
        self.out_of_band: dict[str, int] = {}

    def something(self, chance: Chance, invoice: str, customer: str) -> tuple[str, Act]:
        stripe, random = chance.stripe, chance.random
        amount = int(stripe.get(invoice)["amount_remaining"])
        part = max(1, amount * random.randint(1, 9) // 10)
        soon = timedelta(minutes=random.randrange(1, _WEEK))
        end = chance.stripe.journal.clock
        decline = random.choice([Decline("insufficient_funds"), Decline("lost_card"), Decline("expired_card")])

        def new_card(**given: object) -> None:
            card = stripe.add_card(customer, behaviour=chance.behaviour(), **given)
            subscription = stripe.store.subscription_of(stripe.store.objects[invoice])
            if subscription and random.random() < 0.5:
                stripe.set_default_card(card, subscription=subscription["id"])

        def method() -> str | None:
            found = stripe.store.methods_of(customer)
            return found[0]["id"] if found else None

        def renew() -> None:
            if (card := method()) and stripe.get(card).get("card"):
                random.choice([stripe.update_card, stripe.renew_card])(card, exp_month=11, exp_year=2036)

        def noise() -> None:
            if card := method():
                stripe.update_billing_details(card, email="new@example.com")

        def detach() -> None:
            if card := method():
                stripe.detach(card)

        def dispute() -> None:
            dispute_id = stripe.open_dispute(invoice)
            later = end() + timedelta(days=random.randint(1, 25))
            won = random.random() < 0.6
            chance.later("dispute closed", later, lambda: stripe.close_dispute(dispute_id, won=won))

        def returned() -> None:
            if stripe.get(invoice)["status"] == "paid":
                stripe.return_debit(invoice)

        def at_last() -> None:
            """Long after the debt was given up."""
            later = end() + timedelta(days=random.randint(20, 60))
            chance.later("at last", later, lambda: self._gently(lambda: stripe.customer_pays(invoice)))

        def cancel() -> None:
            subscription = stripe.store.subscription_of(stripe.store.objects[invoice])
            if subscription and subscription["status"] not in ("canceled", "incomplete_expired"):
                random.choice([stripe.cancel_subscription, stripe.cancel_subscription, stripe.cancel_at_period_end])(
                    subscription["id"]
                )

        def deposits() -> None:
            stripe.customer_enters_account(invoice)
            if random.random() < 0.6:
                chance.later(
                    "deposits", end() + soon, lambda: self._gently(lambda: stripe.customer_confirms_deposits(invoice))
                )
            else:
                late = end() + timedelta(days=10)
                chance.later("deposits over", late, lambda: self._gently(lambda: stripe.deposits_time_out(invoice)))

        def out_of_band() -> None:
            self.out_of_band[invoice] = int(stripe.get(invoice)["amount_remaining"])
            stripe.pay_out_of_band(invoice)

        def uncollectible() -> None:
            stripe.give_up(invoice, random.choice(["canceled", "unpaid", "past_due"]), uncollectible=True)

        while_open: list[tuple[str, int, Act]] = [
            ("pays", 8, lambda: stripe.customer_pays(invoice)),
            ("pays a part", 6, lambda: stripe.customer_pays(invoice, part)),
            ("tries", 4, lambda: stripe.customer_tries(invoice, outcome=decline)),
            ("another engine tries", 3, lambda: stripe.other_engine_tries(invoice, decline)),
            ("another engine charges", 1, lambda: stripe.other_engine_tries(invoice, APPROVE)),
            ("debits", 8, lambda: stripe.customer_debits(invoice)),
            ("debits a part", 3, lambda: stripe.customer_debits(invoice, part)),
            ("deposits", 2, deposits),
            ("authenticates", 2, lambda: stripe.customer_authenticates(invoice)),
            ("new card", 8, new_card),
            ("card in the background", 1, lambda: new_card(default=False)),
            ("renewed card", 3, renew),
            ("noise", 3, noise),
            ("detached", 2, detach),
            ("a new account", 2, lambda: chance.new_account(customer, invoice)),
            ("credit", 2, lambda: stripe.credit(invoice, part)),
            ("credit of all", 1, lambda: stripe.credit(invoice, int(stripe.get(invoice)["amount_remaining"]))),
            ("void", 1, lambda: stripe.void(invoice)),
            ("marked uncollectible", 1, uncollectible),
            ("out of band", 2, out_of_band),
            ("dispute", 4, dispute),
        ]
        at_any_time: list[tuple[str, int, Act]] = [
            ("returned", 2, returned),
            ("pays at last", 4, at_last),
            ("cancelled", 3, cancel),
            ("pause", 3, lambda: self._pause(chance, invoice)),
            ("settle", 2, lambda: self._settle(invoice, amount, random.random() < 0.5, stripe)),
            ("write off", 1, lambda: self._tell(invoice, "write_off", events.WriteOff())),
            ("skip", 4, lambda: self._tell(invoice, "skip", events.Skip())),
            ("retry now", 4, lambda: self._tell(invoice, "retry_now", events.RetryNow())),
            ("hand off", 2, lambda: self._tell(invoice, "hand_off", events.HandOff())),
            ("recall", 2, lambda: self._recall(chance, invoice)),
            ("channel", 3, lambda: self._reopen(chance, invoice)),
            ("transfer", 5, lambda: self._transfer(invoice, part, stripe)),
            ("transfer of all", 3, lambda: self._transfer(invoice, amount, stripe)),
            ("bounce", 6, lambda: self._report(invoice, random.choice(list(events.ContactResult)), chance)),
            ("agency", 3, lambda: self._agency(invoice, random.choice(list(events.AgencyReport)), part, stripe)),
        ]
        known = [*while_open, *at_any_time]
        name, _, act = random.choices(known, [weight for _, weight, _ in known])[0]
        if name in {known for known, _, _ in while_open}:
            return name, lambda: chance.if_open(invoice, lambda: self._gently(act))
        return name, lambda: self._gently(act)

    def _gently(self, act: Act) -> None:
        """Stripe refuses what cannot be done any more: nothing happens then."""
        try:
            act()
        except (StripeFailure, ValueError, LookupError, RuntimeError):
            return

    def _id(self, what: str) -> str:
        self._number += 1
        return f"{what}-{self._number}"

    def _money(self, amount: int, invoice: str, stripe: object) -> Money:
        return Money(amount=amount, currency=stripe.get(invoice)["currency"].upper())  # type: ignore[attr-defined]

    def _pause(self, chance: Chance, invoice: str) -> None:
        now = chance.stripe.journal.clock()
        until = now + timedelta(hours=chance.random.randint(1, 200)) if chance.random.random() < 0.6 else None
        self._tell(invoice, "pause", events.Pause(until=until))

    def _recall(self, chance: Chance, invoice: str) -> None:
        """An agency may get the case only weeks later: who wants it back looks again."""
        recall = events.Recall()
        self._tell(invoice, "recall", recall)
        for days in (10, 20, 30):
            later = chance.stripe.journal.clock() + timedelta(days=days)
            chance.later("recall", later, lambda: self._tell(invoice, "recall", recall))

    def _reopen(self, chance: Chance, invoice: str) -> None:
        channel = chance.random.choice(["email", "email", "sms"])
        self._tell(invoice, "reopen_channel", events.ReopenChannel(channel=channel))

    def _settle(self, invoice: str, amount: int, paid: bool, stripe: object) -> None:
        part = max(1, amount // 2)
        self._tell(invoice, "settle", events.Settle(amount=self._money(part, invoice, stripe), paid=paid))

    def _transfer(self, invoice: str, amount: int, stripe: object) -> None:
        fact = events.PaymentReceived(event_id=self._id("transfer"), amount=self._money(amount, invoice, stripe))
        self._tell(invoice, "payment_received", fact)

    def _agency(self, invoice: str, report: events.AgencyReport, amount: int, stripe: object) -> None:
        paid = self._money(amount, invoice, stripe) if report is events.AgencyReport.PAYMENT else None
        self._tell(
            invoice, "agency_reported", events.AgencyReported(event_id=self._id("agency"), report=report, amount=paid)
        )

    def _report(self, invoice: str, result: events.ContactResult, chance: Chance) -> None:
        channel = chance.random.choice(["email", "email", "sms"])
        fact = events.ContactReported(event_id=self._id("report"), channel=channel, result=result)
        self._tell(invoice, "contact_reported", fact)
