"""What one message says for several invoices: how the service stands, and whose end it announces as well."""

from collections.abc import Sequence

from activities.situations import Situations
from domain.finals import final_today
from domain.kinds.access import strictest
from domain.kinds.message import ContactTask
from domain.rules.contacts import covers
from domain.steps import Stage
from domain.truth import MessageFacts
from gateways.ports.ledger import Ledger
from gateways.ports.payments import InvoiceSnapshot


def facts_with_others(
    facts: MessageFacts,
    task: ContactTask,
    invoice: InvoiceSnapshot,
    others: Sequence[InvoiceSnapshot],
    ledger: Ledger,
) -> MessageFacts:
    """The facts as they are for the whole subscription: its access, whichever invoice restricts it, and the first date
    of a restriction that the customer was told."""
    same = [other for other in others if other.subscription_id == invoice.subscription_id]
    newest = [row for other in same for row in ledger.contacts(other.id)[-1:]]
    told = [row.said.restricts_on for row in newest if row.said and row.said.restricts_on]
    ahead = [day for day in told if day > task.as_of.date()]
    if facts.restricts_on:
        ahead.append(facts.restricts_on)
    standing = ledger.access_of(task.customer_id, invoice.subscription_id).access
    changes = {"access": strictest((facts.access, standing)), "restricts_on": min(ahead, default=None)}
    return facts.model_copy(update=changes)


def also_final(
    facts: MessageFacts,
    task: ContactTask,
    invoice: InvoiceSnapshot,
    others: Sequence[InvoiceSnapshot],
    situations: Situations,
) -> MessageFacts:
    """The facts of a final notice with the other invoices that it announces the end of as well: those of the same
    subscription whose own one goes out today, on this channel, and would say the same."""
    if facts.stage is not Stage.FINAL:
        return facts
    found = []
    for other in others:
        now = situations.of(other.id, task.as_of) if other.subscription_id == invoice.subscription_id else None
        wanted = final_today(now, task.channel) if now else None
        if wanted and covers(facts, wanted.with_due(other.remaining), ends=True):
            found.append(other.id)
    return facts.model_copy(update={"also_final": tuple(found)})
