"""What was before each example of docs/api.md, and what the names in the examples are called there."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx

from domain.calls import CallWindow, Offer, TaskState, call_id
from domain.rules.contacts import ContactCaps
from domain.steps import Stage
from domain.truth import MessageFacts
from gateways.ports.calls import CallTaskRow
from gateways.ports.inbox import REFUSED, Arrival
from runtime.wiring import utc_now
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.stripe_outcomes import Decline
from service.bulk import BulkState
from service.keys import KeyRing, Scope
from tests.web.conftest import until
from web.api.examples import ADDRESS, BULK, CALL, CURSOR, CUSTOMER, ENDPOINT, EVENT, INVOICE, STEP, TERMS, VERSION

_JSON = {"Content-Type": "application/json"}
IDEMPOTENCY_KEY = "0d2cf0a4-2f4c-4c39-9d5e-6a8f1f6f6b3e"
_NOBODY = "http://127.0.0.1:1/events"
Names = dict[str, str]
"""Name in the example → name on the stage."""


class Stand(NamedTuple):
    """The web process on the stage."""

    stage: Scene
    http: httpx.AsyncClient

    def key(self, scope: str) -> str:
        return KeyRing(self.stage.ledger, utc_now).make(f"{scope} of the page", Scope(scope))

    async def asked(self, method: str, path: str, **given: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key('admin')}"}
        answer = await self.http.request(method, path, headers=headers, **given)  # type: ignore[arg-type]
        assert answer.status_code < 300, answer.text
        return answer


async def a_case(at: Stand) -> Names:
    """One that waits for its first step."""
    case = await at.stage.open(Decline("insufficient_funds"))
    return await _names(at, case)


async def a_case_of_the_first_customer(at: Stand) -> Names:
    """Lists begin with the lowest id: whose case another example has ended owes nothing."""
    return await _names(at, await at.stage.open(Decline("insufficient_funds"), id_="cus_0"))


async def a_failed_invoice(at: Stand) -> Names:
    """Its case is not open yet."""
    stripe = at.stage.world.stripe
    customer = stripe.add_customer("Ada Example", email="ada@customers.example", country="US")
    stripe.add_card(customer, behaviour=Decline("insufficient_funds"))
    return {INVOICE: stripe.fail_first_payment(customer, amount=5_000, currency="usd"), CUSTOMER: customer}


async def a_paused_case(at: Stand) -> Names:
    names = await a_case(at)
    await at.asked("POST", f"/v1/cases/{names[INVOICE]}/pause", json={})
    return names


async def a_case_that_has_spoken(at: Stand) -> Names:
    case = await at.stage.open(Decline("insufficient_funds"))
    await case.until("2030-04-09 18:00")
    return await _names(at, case)


async def a_case_with_the_agency(at: Stand) -> Names:
    case = await at.stage.open(Decline("insufficient_funds"), amount=20_000)
    await case.until(datetime(2030, 4, 30, 12, tzinfo=UTC))
    return await _names(at, case)


async def a_closed_channel(at: Stand) -> Names:
    names = await a_case(at)
    await at.asked("POST", f"/v1/customers/{names[CUSTOMER]}/channels/email/close", json={"event_id": "crm-1"})
    return names


async def a_refused_event(at: Stand) -> Names:
    ledger = at.stage.ledger
    event = f"evt_{len(ledger.inbox())}"
    ledger.keep([Arrival(provider="stripe", event_id=event, kind="invoice.paid", body="{}")], utc_now())
    ledger.ended(ledger.inbox()[-1].id, REFUSED, "", "expected a Stripe event", None, utc_now())
    return {EVENT: event}


async def two_cases(at: Stand) -> Names:
    names = await a_case(at)
    await a_case(at)
    page = (await at.asked("GET", "/v1/cases", params={"limit": 1})).json()
    return {**names, CURSOR: page["after"]}


async def an_endpoint(at: Stand) -> Names:
    """Nobody listens there: nothing leaves this machine. All that has happened waits for it."""
    names = {**await a_case(at), ADDRESS: _NOBODY}
    made = (await at.asked("POST", "/v1/endpoints", json={"url": _NOBODY})).json()
    await at.asked("POST", f"/v1/endpoints/{made['endpoint_id']}/replay", json={"since": "2020-01-01T00:00:00Z"})
    return {**names, ENDPOINT: made["endpoint_id"]}


async def a_bulk_order(at: Stand) -> Names:
    """A dry run that has shown what would become of its cases."""
    names = await a_case(at)
    asked = {"order": {"name": "write_off", "note": "agreed with finance"}, "invoices": [names[INVOICE], "in_2"]}
    bulk = (await at.asked("POST", "/v1/orders", json=asked)).json()["id"]
    await until(lambda: (now := at.stage.ledger.bulk(bulk)) and now.state is BulkState.SHOWN)
    return {**names, BULK: bulk}


async def a_consent(at: Stand) -> Names:
    names = await a_case(at)
    said = {"wish": "opted_out", "event_id": f"crm-{names[CUSTOMER]}", "proof": "ticket 4711"}
    await at.asked("PUT", f"/v1/customers/{names[CUSTOMER]}/consents/email", json=said)
    return names


async def some_terms(at: Stand) -> Names:
    return {TERMS: (await at.asked("GET", "/v1/terms")).json()["version"]}


async def an_acceptance(at: Stand) -> Names:
    names = {**await a_case(at), **await some_terms(at)}
    said = {"event_id": "sign-up-1", "version": names[TERMS], "language": "en", "where": "sign-up page, order 1"}
    await at.asked("POST", f"/v1/customers/{names[CUSTOMER]}/acceptances", json=said)
    return names


async def somebody_without_a_case(at: Stand) -> Names:
    names = {CUSTOMER: "cus_agreed", **await some_terms(at)}
    said = {"event_id": "sign-up-1", "version": names[TERMS], "language": "en", "where": "sign-up page, order 1"}
    await at.asked("POST", f"/v1/customers/{names[CUSTOMER]}/acceptances", json=said)
    return names


async def a_customer_and_terms(at: Stand) -> Names:
    return {**await a_case(at), **await some_terms(at)}


async def a_protection(at: Stand) -> Names:
    """Two of them: what one protects from, the other still does when it is ended."""
    names = await a_case(at)
    said = {"event_id": f"crm-{names[CUSTOMER]}", "note": "court file 36 IN 114/26"}
    for kind in ("bankruptcy", "hardship"):
        await at.asked("PUT", f"/v1/customers/{names[CUSTOMER]}/protections/{kind}", json=said)
    return names


async def a_call_that_waits(at: Stand) -> Names:
    """As the step `call` of a policy leaves it."""
    names = await a_case_that_has_spoken(at)
    row = at.stage.ledger.case(names[INVOICE])
    assert row is not None
    assert row.decided_at is not None
    now, address = row.decided_at, at.stage.ledger.address(row.customer_id)
    task = CallTaskRow(
        call_id=call_id(row.invoice_id, "d08-call"),
        invoice_id=row.invoice_id,
        customer_id=row.customer_id,
        step="d08-call",
        state=TaskState.OPEN,
        as_of=now,
        call_from=now,
        until=now + timedelta(days=3),
        zones=("America/New_York",),
        windows=(CallWindow(start=now, end=now + timedelta(days=3)),),
        offers=(Offer.PROMISE, Offer.PAY_LINK),
        said=MessageFacts(stage=Stage.REMINDER),
        why="call on day 8 of the timeline",
        address=address.phone,
    )
    at.stage.ledger.queue_call(task, address, ContactCaps(per_week=99, distance=timedelta(0), policy="standard@1"))
    return {**names, CALL: task.call_id}


async def a_call_that_was_taken(at: Stand) -> Names:
    names = await a_call_that_waits(at)
    await at.asked("POST", f"/v1/calls/{names[CALL]}/take", json={"by": "Ana"})
    return names


async def _names(at: Stand, case: StagedCase) -> Names:
    answer = await at.asked("GET", f"/v1/cases/{case.invoice}")
    step = answer.json()["case"]["next_key"]
    version = answer.headers["etag"]
    return {INVOICE: case.invoice, CUSTOMER: case.customer, VERSION: version, **({STEP: step} if step else {})}


async def the_same_request_before(at: Stand) -> Names:
    names, key = await a_failed_invoice(at), at.key("billing")
    record = {"invoice_id": names[INVOICE], "customer": {"id": names[CUSTOMER]}}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": IDEMPOTENCY_KEY}
    answer = await at.http.post("/v1/cases", content=json.dumps(record), headers=headers | _JSON)
    assert answer.status_code == 200, answer.text
    return {**names, "$DUNNING_KEY": key}


_ENDPOINT_ROUTES = (
    *("listed", "added", "one", "changed", "removed", "rotated"),
    *("enabled", "disabled", "replayed", "tried", "deliveries"),
)
SCENES: dict[str, Callable[[Stand], Awaitable[Names]]] = {
    "cases_opened": a_failed_invoice,
    "cases_messages": a_case_that_has_spoken,
    "cases_record": a_case_that_has_spoken,
    "cases_agency": a_case_with_the_agency,
    "orders_resume": a_paused_case,
    "orders_recall": a_case_with_the_agency,
    "orders_opened": a_closed_channel,
    "records_audit": a_consent,
    "records_inbox": a_refused_event,
    "records_again": a_refused_event,
    "customers_listed": a_case_of_the_first_customer,
    "customers_one": a_case_that_has_spoken,
    "customers_read": a_consent,
    "customers_accepted": an_acceptance,
    "customers_data": an_acceptance,
    "customers_erasure": somebody_without_a_case,
    "customers_agree": a_customer_and_terms,
    "calls_listed": a_call_that_waits,
    "calls_one": a_call_that_waits,
    "calls_take": a_call_that_waits,
    "calls_give_back": a_call_that_was_taken,
    "calls_result": a_call_that_was_taken,
    "terms_version": some_terms,
    "customers_protecting": a_protection,
    "customers_unprotect": a_protection,
    "exports_messages": a_case_that_has_spoken,
    **{f"endpoints_{name}": an_endpoint for name in _ENDPOINT_ROUTES},
    **{f"bulk_orders_{name}": a_bulk_order for name in ["listed", "one", "cases", "streamed", "run", "cancel"]},
    "the same request again": the_same_request_before,
    "a second page": two_cases,
}
"""By the operation's id, or by the name that the page gives in a comment; else `a_case`."""
