"""Disputes of charges, of an invoice or not, and bank debits that come back after they had succeeded."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_choice import MethodChoice
from sandbox.providers.stripe_store import Cause, StripeStore

_CLOSED = ("won", "lost", "warning_closed")


class StripeDisputes:
    """Callers hold the journal's lock; every change is journalled and becomes events."""

    def __init__(self, store: StripeStore, methods: MethodChoice) -> None:
        self._store = store
        self._methods = methods

    def open(self, charge: Json, cause: Cause, *, reason: str, inquiry: bool = False) -> Json:
        """The cardholder disputes a succeeded charge, or (`inquiry`) the bank only asks: no money moves then."""
        dispute = self._new(charge, reason, "warning_needs_response" if inquiry else "needs_response")
        self._store.emit("charge.dispute.created", dispute, cause)
        return dispute

    def close(self, dispute: Json, cause: Cause, *, won: bool) -> None:
        if dispute["status"] in _CLOSED:
            raise ValueError(f"The dispute {dispute['id']} is closed already: {dispute['status']}.")
        inquiry = dispute["status"].startswith("warning")
        dispute["status"] = "warning_closed" if inquiry else "won" if won else "lost"
        self._note("dispute.closed", dispute, self._store.get("charge", dispute["charge"]))
        self._store.emit("charge.dispute.closed", dispute, cause)

    def return_debit(self, charge: Json, cause: Cause, *, reason: str) -> Json:
        """A bank takes a debit back that had succeeded, days or weeks later. The invoice stays paid.

        Stripe models it as a dispute that is lost from the beginning (SEPA: "all disputes are final"; ACH: its guide
        sends the reader to `charge.dispute.closed`), with reason insufficient_funds, incorrect_account_details or
        bank_cannot_process, or debit_not_authorized when the customer asked for it. Then the mandate is gone as well.
        """
        dispute = self._new(charge, reason, "lost")
        if reason not in ("insufficient_funds", "bank_cannot_process"):
            self._methods.revoke_mandate(charge["payment_method"])
        for type_ in ("created", "funds_withdrawn", "closed"):
            self._store.emit(f"charge.dispute.{type_}", dispute, cause)
        self._note("dispute.closed", dispute, charge)
        return dispute

    def _new(self, charge: Json, reason: str, status: str) -> Json:
        """Raises ValueError when an earlier dispute took the money of the charge already: no more than was paid is
        taken back."""
        journal = self._store.journal
        if any(one["charge"] == charge["id"] and one["status"] == "lost" for one in self._store.of_kind("dispute")):
            raise ValueError(f"The money of {charge['id']} was taken back already: no bank takes it twice.")
        dispute: Json = {
            "id": journal.new_id("du"),
            "object": "dispute",
            "amount": charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": journal.timestamp(),
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {
                "due_by": journal.timestamp() + 14 * 86_400 if status == "needs_response" else None,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "intended_submission_method": None,
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "network_reason_code": None,
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": status,
        }
        charge["disputed"] = True
        self._note("dispute.opened", dispute, charge)
        return self._store.put(dispute)

    def _note(self, kind: str, dispute: Json, charge: Json) -> None:
        self._store.journal.record(
            "stripe",
            kind,
            {
                "dispute": dispute["id"],
                "charge": charge["id"],
                "customer": charge["customer"],
                "invoice": self._store.invoice_of_intent(charge["payment_intent"]),
            },
            data={"status": dispute["status"], "amount": dispute["amount"]},
        )
