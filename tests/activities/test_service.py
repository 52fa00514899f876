"""Service access: restricted only while the invoice is open, restored always, told once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from temporalio.exceptions import ApplicationError

from domain.invoice import InvoiceState
from domain.steps import Access
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, an_access, another_invoice, open_case, usd


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
    assert [("service.restricted", access.value, f"dun:{case.invoice_id}:day10-restrict:1:{access.value}")] == told(
        world, case
    )
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
    assert ("service.restored", "full", f"dun:{case.invoice_id}:end-restore:2:full") == told(world, case)[-1]


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


def test_paying_one_of_two_invoices_restores_nothing_that_the_other_restricts(
    world: ProviderWorld, worker: Worker
) -> None:
    """The application hears what holds each time, and the record says why the service is not back yet."""
    first = open_case(worker)
    second = another_invoice(worker, first)
    worker.set_access(an_access(first, Access.BLOCKED))
    worker.set_access(an_access(second, Access.READ_ONLY))

    levels = []
    for paid in (first, second):
        world.stripe.customer_pays(paid.invoice_id)
        worker.set_access(an_access(paid, Access.FULL, "end-restore"))
        levels.append(world.merchant.access(first.customer_id))

    assert ["read_only", "full"] == levels
    assert "unpaid on day 10; read_only stays as long as another invoice needs it" == (
        worker.ledger.record(first.invoice_id)[-1].why
    )
    assert "unpaid on day 10" == worker.ledger.record(second.invoice_id)[-1].why


def test_each_subscription_has_an_access_of_its_own(world: ProviderWorld, worker: Worker) -> None:
    """What is restricted for one is not restricted, nor restored, by an invoice of another."""
    first = open_case(worker)
    other = another_invoice(worker, first, same_subscription=False)
    worker.set_access(an_access(first, Access.BLOCKED))

    worker.set_access(an_access(other, Access.FULL, "end-restore"))

    assert "blocked" == world.merchant.access(first.customer_id)
    assert [("service.restored", "full")] == [what[:2] for what in told(world, other)]


def test_what_changed_while_the_application_was_told_is_told_once_more(world: ProviderWorld, worker: Worker) -> None:
    """Two workers at once: the restriction of one invoice is on its way when the other one's is taken back."""
    first = open_case(worker)
    second = another_invoice(worker, first)
    worker.set_access(an_access(first, Access.READ_ONLY))
    slow = world.faults.add("merchant", "POST", Mode.HOLD_AFTER)

    with ThreadPoolExecutor(1) as pool:
        restoring = pool.submit(worker.set_access, an_access(first, Access.FULL, "end-restore"))
        assert slow.reached.wait(timeout=30)
        worker.set_access(an_access(second, Access.BLOCKED))
        slow.release()
        restoring.result(timeout=30)

    assert "blocked" == world.merchant.access(first.customer_id)
    assert ["service.restricted", "service.restored", "service.restricted"] == [k for k, *_ in told(world, first)]


def test_a_worker_that_died_in_between_leaves_nothing_wrong(world: ProviderWorld, worker: Worker) -> None:
    """The wish was written and the application not told; the next run of the same step tells what holds by then."""
    first = open_case(worker)
    second = another_invoice(worker, first)
    worker.set_access(an_access(first, Access.READ_ONLY))
    worker.set_access(an_access(second, Access.READ_ONLY))
    world.faults.add("merchant", "POST", "500")
    with pytest.raises(ApplicationError):
        worker.set_access(an_access(first, Access.FULL, "end-restore"))
    worker.set_access(an_access(second, Access.FULL, "end-restore"))

    worker.restarted().set_access(an_access(first, Access.FULL, "end-restore"))

    assert "full" == world.merchant.access(first.customer_id)
