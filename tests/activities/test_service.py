"""Service access: restricted only while the invoice is open, restored always, told once."""

import pytest
from temporalio.exceptions import ApplicationError

from domain.invoice import InvoiceState
from domain.steps import Access
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, an_access, open_case, usd


def told(world: ProviderWorld, case: OpenCase) -> list[tuple[str, str, str]]:
    """What the merchant's application took: type, level and key. It takes only what is signed."""
    mine = [e for e in world.log if e.provider == "merchant" and e.subjects.get("invoice") == case.invoice_id]
    return [(e.kind, e.data.get("level", ""), e.key or "") for e in mine]


@pytest.mark.parametrize("access", [Access.READ_ONLY, Access.BLOCKED])
def test_an_unpaid_invoice_restricts_the_service(world: ProviderWorld, worker: Worker, access: Access) -> None:
    """The application takes the signed message under the step's key, and the timeline says so."""
    case = open_case(worker)

    done = worker.set_access(an_access(case, access))

    assert (InvoiceState.OPEN, usd(1999)) == (done.invoice.state, done.invoice.remaining)
    assert access.value == world.merchant.access(case.customer_id)
    assert [("service.restricted", access.value, f"dun:{case.invoice_id}:day10-restrict")] == told(world, case)
    (line,) = worker.ledger.record(case.invoice_id)
    assert (f"service {access.value}", "unpaid on day 10") == (line.what, line.why)


def test_a_paid_invoice_never_restricts_the_service(world: ProviderWorld, worker: Worker) -> None:
    """The customer paid after the step was planned: the application hears nothing."""
    case = open_case(worker)
    world.stripe.customer_pays(case.invoice_id)

    done = worker.set_access(an_access(case, Access.BLOCKED))

    assert (InvoiceState.PAID, usd(0)) == (done.invoice.state, done.invoice.remaining)
    assert [] == told(world, case)
    assert [] == worker.ledger.record(case.invoice_id)


@pytest.mark.parametrize("paid", [True, False])
def test_service_is_restored_whatever_the_invoice_is(world: ProviderWorld, worker: Worker, paid: bool) -> None:
    """Also for a settled case, whose invoice is still open; and without asking the payment provider at all."""
    case = open_case(worker)
    worker.set_access(an_access(case, Access.BLOCKED))
    if paid:
        world.stripe.customer_pays(case.invoice_id)
    asked = world.faults.add("stripe", "GET", "500")

    worker.set_access(an_access(case, Access.FULL, "end-restore"))

    assert 0 == asked.hits
    assert "full" == world.merchant.access(case.customer_id)
    assert ("service.restored", "full", f"dun:{case.invoice_id}:end-restore") == told(world, case)[-1]


def test_the_application_is_told_once_per_step(world: ProviderWorld, worker: Worker) -> None:
    """A lost answer: the message is repeated under its key, and the application acts on the first one only."""
    case = open_case(worker)
    world.faults.add("merchant", "POST", "timeout_after")
    with pytest.raises(ApplicationError, match="cannot be reached"):
        worker.set_access(an_access(case, Access.READ_ONLY))

    for _ in range(2):
        worker.set_access(an_access(case, Access.READ_ONLY))

    assert 1 == [kind for kind, _, _ in told(world, case)].count("service.restricted")
    assert ["service read_only"] == [line.what for line in worker.ledger.record(case.invoice_id)]


def test_a_wrong_secret_is_for_an_operator(world: ProviderWorld, worker: Worker) -> None:
    """The application refuses a signature that does not fit; nothing changes there."""
    case = open_case(worker)

    with pytest.raises(ApplicationError, match="MERCHANT_WEBHOOK_SECRET") as caught:
        worker.restarted(MERCHANT_WEBHOOK_SECRET="typo").set_access(an_access(case, Access.READ_ONLY))

    assert ("ProviderMisuse", True) == (caught.value.type, caught.value.non_retryable)
    assert "full" == world.merchant.access(case.customer_id)
