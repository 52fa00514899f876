"""One contact on one channel: re-read, check, write, send, once."""

from collections.abc import Callable, Mapping
from datetime import datetime

from temporalio import activity

from activities.errors import translated
from domain.effects import ContactOrder, ContactOutcome, ContactState
from domain.events import InvoiceState
from domain.ids import contact_key
from domain.record import Entry
from domain.steps import Channel
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Address, Messages, Rendered, Sender, Sent
from gateways.ports.payments import InvoiceSnapshot, Payments
from gateways.ports.rows import ContactRow
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable


class ContactActivities:
    """What the case says to the customer."""

    def __init__(
        self,
        payments: Payments,
        ledger: Ledger,
        messages: Messages,
        senders: Mapping[Channel, Sender],
        clock: Callable[[], datetime],
    ) -> None:
        self._payments = payments
        self._ledger = ledger
        self._messages = messages
        self._senders = senders
        self._clock = clock

    @activity.defn(name="contact")
    def contact(self, order: ContactOrder) -> ContactOutcome:
        """Sends one message, unless the invoice is no longer open or the channel no longer is.

        A message whose fate is unknown (crash, lost reply) is looked up; where that is impossible it is not sent
        again: a customer rather misses one message than gets it twice.
        """
        with translated():
            self._ledger.append(order.invoice_id, order.notes)
            invoice = self._payments.read_invoice(order.invoice_id)
            if invoice.state is not InvoiceState.OPEN:
                return _outcome(ContactState.NOT_OPEN, invoice)
            address = self._ledger.address(order.customer_id)
            if why := self._closed(order, address):
                self._ledger.record_effect(order.invoice_id, _line(order, "unreachable", why))
                return _outcome(ContactState.UNREACHABLE, invoice, why=why)
            facts = order.facts.with_due(invoice.remaining)
            message = self._messages.render(order.channel, facts, address, invoice, order.language)
            row, ours = self._ledger.begin_contact(self._row(order, message))
            if row.state == "sending" and not ours:
                if earlier := self._look_up(order, invoice, address, row):
                    return earlier
                # Certainly not sent: it is reserved anew, so that the ledger has the text that goes out now.
                self._finish(order, "failed", None, "the provider knows nothing of the earlier try; it is tried again")
                row, ours = self._ledger.begin_contact(self._row(order, message))
            if ours:
                return self._send(order, invoice, address, message, row.key)
            match row.state:
                case "sent":
                    return _outcome(ContactState.SENT, invoice, row.provider_id)
                case "unknown":
                    return _outcome(ContactState.UNKNOWN, invoice)
                case "unreachable":
                    why = "the provider does not deliver to this address"
                    return _outcome(ContactState.UNREACHABLE, invoice, why=why)
            raise ProviderTrouble("Another run of this step is sending the message at this moment.")

    def _look_up(
        self, order: ContactOrder, invoice: InvoiceSnapshot, address: Address, row: ContactRow
    ) -> ContactOutcome | None:
        """What became of a message that an earlier run began; None when it certainly was not sent.

        Trouble on the way says nothing about the message: its row stays as it is, and the next run asks again.
        """
        # As it was written down then: rendered anew it might read differently.
        message = Rendered(subject=row.subject, text=row.text)
        try:
            sent = self._senders[order.channel].find(address, message, row.key, row.started_at)
        except LookupImpossible:
            self._finish(order, "unknown", None, "it may have been sent before a crash; it is not sent twice")
            return _outcome(ContactState.UNKNOWN, invoice)
        return self._sent(order, invoice, sent) if sent else None

    def _send(
        self, order: ContactOrder, invoice: InvoiceSnapshot, address: Address, message: Rendered, key: str
    ) -> ContactOutcome:
        try:
            sent = self._senders[order.channel].send(address, message, key)
        except Unreachable as error:
            self._finish(order, "unreachable", None, str(error))
            return _outcome(ContactState.UNREACHABLE, invoice, why=str(error))
        except ProviderTrouble as error:
            if error.not_executed:
                self._finish(order, "failed", None, "the provider did not take it; it is tried again")
            raise
        except ProviderMisuse:
            self._finish(order, "failed", None, "the provider refused the request; an operator has to look")
            raise
        return self._sent(order, invoice, sent)

    def _sent(self, order: ContactOrder, invoice: InvoiceSnapshot, sent: Sent) -> ContactOutcome:
        self._finish(order, "sent", sent.provider_id, order.why)
        return _outcome(ContactState.SENT, invoice, sent.provider_id)

    def _closed(self, order: ContactOrder, address: Address) -> str | None:
        if why := self._ledger.closed_channels(order.customer_id).get(order.channel):
            return f"{order.channel.value} is closed: {why}"
        if order.channel is Channel.EMAIL and not address.email:
            return "no e-mail address is known"
        if order.channel is Channel.SMS and not address.phone:
            return "no phone number is known"
        return None

    def _finish(self, order: ContactOrder, state: str, provider_id: str | None, why: str) -> None:
        line = _line(order, state, why)
        self._ledger.finish_contact(order.invoice_id, order.step, order.channel, state, provider_id, line)

    def _row(self, order: ContactOrder, message: Rendered) -> ContactRow:
        return ContactRow(
            invoice_id=order.invoice_id,
            step=order.step,
            channel=order.channel,
            stage=order.facts.stage.value,
            key=contact_key(order.invoice_id, order.step, order.channel.value),
            state="sending",
            as_of=order.as_of,
            started_at=self._clock(),
            subject=message.subject,
            text=message.text,
        )


def _line(order: ContactOrder, state: str, why: str) -> Entry:
    what = f"{order.channel.value} {state}"
    return Entry(at=order.as_of, step=order.step, what=what, why=why)


def _outcome(
    state: ContactState, invoice: InvoiceSnapshot, provider_id: str | None = None, why: str = ""
) -> ContactOutcome:
    return ContactOutcome(
        state=state, invoice_state=invoice.state, remaining=invoice.remaining, provider_id=provider_id, why=why
    )
