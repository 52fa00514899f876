"""Failed invoices in the stand-in Stripe, and what Temporal has of their cases."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.addresses import address_key
from domain.case import Case
from domain.ids import workflow_id
from domain.money import Money
from domain.steps import AttemptKind, Channel
from gateways.policy_files import load_policy, policy_digest
from gateways.ports.ledger import Ledger
from gateways.ports.rows import AttemptRow, CaseRow, Closure, CustomerRow
from runtime.settings import ROOT
from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.stripe_outcomes import Outcome as Answer
from sandbox.providers.stripe_store import Cause, StripeFailure
from sandbox.providers.world import ProviderWorld
from workflows.messages import CaseStart

BROKE = Decline("insufficient_funds")
OPENED_AT = datetime(2026, 4, 7, 12, tzinfo=UTC)


def a_failed_invoice(
    world: ProviderWorld, *, answer: Answer = BROKE, id_: str | None = None, **customer: Any
) -> tuple[str, str]:
    """An invoice over 20 dollars whose first charge was declined, and its customer."""
    owner = world.stripe.add_customer(**customer)
    world.stripe.add_card(owner, behaviour=answer, fingerprint="fp_first")
    return world.stripe.fail_first_payment(owner, amount=2000, currency="usd", id_=id_), owner


def failed(world: ProviderWorld, invoice_id: str) -> Json:
    return world.stripe.last_event("invoice.payment_failed", invoice_id)


def an_opening_row(invoice_id: str, customer_id: str, opened_at: datetime = OPENED_AT) -> CaseRow:
    """The ledger's row as it stands between the two halves of an opening."""
    return CaseRow(
        invoice_id=invoice_id,
        customer_id=customer_id,
        policy="standard@1",
        policy_digest="0" * 16,
        amount=Money(amount=2000, currency="USD"),
        remaining=Money(amount=2000, currency="USD"),
        opened_at=opened_at,
        status="opening",
    )


def a_closure(
    customer_id: str,
    channel: Channel,
    why: str = "opted out",
    event_id: str = "evt_1",
    at: datetime = OPENED_AT,
    address: str | None = None,
    wish: bool = False,
) -> Closure:
    """A closed channel; without an address, any of the customer's is meant."""
    place = address_key(address) if address else None
    return Closure(
        customer_id=customer_id, channel=channel, address=place, why=why, wish=wish, event_id=event_id, at=at
    )


def half_open(ledger: Ledger, invoice_id: str, customer_id: str, opened_at: datetime = OPENED_AT) -> None:
    """What a crash between the ledger's row and the workflow leaves behind."""
    policy = load_policy(ROOT / "policies" / "standard.yaml")
    digest = policy_digest(policy)
    ledger.keep_policy(digest, policy.name, policy.version, policy.model_dump_json())
    row = an_opening_row(invoice_id, customer_id, opened_at).model_copy(update={"policy_digest": digest})
    ledger.open_case(row, CustomerRow(customer_id=customer_id), "{}")


def an_attempt(invoice_id: str, key: str) -> AttemptRow:
    """Our first charge of an invoice over 20 euros, on a bank account."""
    return AttemptRow(
        invoice_id=invoice_id,
        attempt=1,
        kind=AttemptKind.TIMELINE,
        key=key,
        step="d01-charge",
        state="started",
        as_of=OPENED_AT,
        started_at=OPENED_AT,
        amount=Money(amount=2000, currency="EUR"),
    )


async def case_of(client: Client, invoice_id: str) -> Case:
    """The case as the workflow got it."""
    history = await client.get_workflow_handle(workflow_id(invoice_id)).fetch_history()
    payloads = history.events[0].workflow_execution_started_event_attributes.input.payloads
    [start] = await client.data_converter.decode(payloads, [CaseStart])
    return CaseStart.model_validate(start).case


async def signals(client: Client, invoice_id: str) -> list[tuple[str, Json]]:
    """What the case was told, in order: the signal's name and its content."""
    history = await client.get_workflow_handle(workflow_id(invoice_id)).fetch_history()
    told = [e for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED]
    signalled = [event.workflow_execution_signaled_event_attributes for event in told]
    return [(signal.signal_name, json.loads(signal.input.payloads[0].data)) for signal in signalled]


async def runs(client: Client, invoice_id: str) -> int:
    """How many workflows there were for this invoice. The server lists one a moment after it has begun."""
    try:
        newest = (await client.get_workflow_handle(workflow_id(invoice_id)).describe()).run_id
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return 0
    async with asyncio.timeout(30):
        while True:
            found = client.list_workflows(f"WorkflowId = '{workflow_id(invoice_id)}'")
            listed = [run.run_id async for run in found]
            if newest in listed:
                return len(listed)
            await asyncio.sleep(0.01)


def fail_again(world: ProviderWorld, invoice_id: str, cause: Cause, after: timedelta) -> Json:
    """One more declined charge of the invoice; its event, `after` the first one."""
    stripe = world.stripe
    method = stripe.store.of_kind("payment_method")[0]["id"]
    invoice = stripe.store.objects[invoice_id]
    with pytest.raises(StripeFailure):
        stripe.payments.collect(invoice, cause, payment_method=method, outcome=BROKE)
    event = failed(world, invoice_id)
    return {**event, "created": event["created"] + int(after.total_seconds())}
