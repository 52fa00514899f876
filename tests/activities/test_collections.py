"""Handoff to a collections agency, with everything that it needs, once; and its recall."""

import json
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from domain.invoice import InvoiceState
from domain.steps import Channel
from sandbox.providers import agency
from sandbox.providers.stripe_outcomes import APPROVE
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    BROKE,
    NAME,
    OpenCase,
    Worker,
    a_charge,
    a_contact,
    a_decision,
    a_handoff,
    a_recall,
    open_case,
)


def at_agency(world: ProviderWorld, case: OpenCase) -> list[agency.Handoff]:
    return [h for h in world.agency.handoffs if h.handoff_id.startswith(f"dun:{case.invoice_id}:")]


def test_the_bundle_has_all_that_was_done_and_said(world: ProviderWorld, worker: Worker) -> None:
    """Case, invoice, customer, attempts, contacts and record, up to the handoff; as data and as a page."""
    case = open_case(worker, BROKE, APPROVE)
    worker.charge(a_charge(case))
    worker.contact(a_contact(case))
    worker.contact(a_contact(case, Channel.SMS))
    worker.decide(a_decision(worker, case))

    result = worker.hand_off(a_handoff(case))

    (handoff,) = at_agency(world, case)
    bundle = handoff.bundle
    assert handoff.reference == result.reference
    assert f"dun:{case.invoice_id}:day28-handoff" == handoff.key
    assert ("Nimbus", case.invoice_id, {"amount": 1999, "currency": "USD"}) == (
        bundle["creditor"],
        bundle["case"]["invoice_id"],
        bundle["case"]["remaining"],
    )
    assert (NAME, case.email) == (bundle["customer"]["name"], bundle["customer"]["email"])
    assert "open" == bundle["invoice"]["state"]
    assert [("declined", "try_again_later")] == [(a["outcome"], a["code"]) for a in bundle["attempts"]]
    assert ["email", "sms"] == [contact["channel"] for contact in bundle["contacts"]]
    assert all("$19.99" in contact["text"] for contact in bundle["contacts"])
    assert ["declined", "email sent", "sms sent", "waits"] == [
        line["what"].split(" until")[0] for line in bundle["record"]
    ]
    assert NAME in handoff.html


def test_a_part_payment_shows_in_the_bundle(world: ProviderWorld, worker: Worker) -> None:
    """The agency asks for what remains at the handoff, not for what was due when the case opened."""
    case = open_case(worker)
    world.stripe.customer_pays(case.invoice_id, 500)

    worker.hand_off(a_handoff(case))

    (handoff,) = at_agency(world, case)
    assert 1499 == handoff.bundle["case"]["remaining"]["amount"]


@pytest.mark.parametrize("mode", ["500", "timeout_before", "timeout_after", "500_after", "malformed"])
def test_a_handoff_is_delivered_once(world: ProviderWorld, worker: Worker, mode: str) -> None:
    """Whatever became of the first answer, the agency has one file, and we its reference."""
    case = open_case(worker)
    world.faults.add("agency", "POST /handoffs", mode)
    with pytest.raises(ApplicationError) as caught:
        worker.hand_off(a_handoff(case))

    references = {worker.hand_off(a_handoff(case)).reference for _ in range(2)}

    assert "ProviderTrouble" == caught.value.type
    assert {handoff.reference for handoff in at_agency(world, case)} == references
    assert 1 == len(at_agency(world, case))
    (begun, done) = worker.ledger.record(case.invoice_id)
    assert ("handoff begun", f"handed off as {references.pop()}") == (begun.what, done.what)


def test_a_handoff_that_was_not_acknowledged_is_a_delivery_of_its_own(world: ProviderWorld, worker: Worker) -> None:
    """The step is another one, and so is its id."""
    case = open_case(worker)
    worker.hand_off(a_handoff(case))

    worker.hand_off(a_handoff(case, step="handoff-again", again=True))

    assert [f"dun:{case.invoice_id}:{step}" for step in ("day28-handoff", "handoff-again")] == [
        handoff.handoff_id for handoff in at_agency(world, case)
    ]


def test_a_case_is_recalled_from_the_agency(world: ProviderWorld, worker: Worker) -> None:
    """Twice is once."""
    case = open_case(worker)
    reference = worker.hand_off(a_handoff(case)).reference

    for _ in range(2):
        worker.recall(a_recall(case, reference))

    assert ["recalled"] == [handoff.status for handoff in at_agency(world, case)]
    assert ["handoff begun", f"handed off as {reference}", f"recalled {reference}"] == [
        line.what for line in worker.ledger.record(case.invoice_id)
    ]


def test_an_unknown_reference_is_for_an_operator(worker: Worker) -> None:
    """The agency has no such file: the sentence names the reference."""
    case = open_case(worker)

    with pytest.raises(ApplicationError, match="AG-999999") as caught:
        worker.recall(a_recall(case, "AG-999999"))

    assert ("ProviderMisuse", True) == (caught.value.type, caught.value.non_retryable)


def test_a_wrong_token_is_for_an_operator(world: ProviderWorld, worker: Worker) -> None:
    """The setting is named, and with the right one the same step delivers."""
    case = open_case(worker)

    with pytest.raises(ApplicationError, match="AGENCY_TOKEN") as caught:
        worker.restarted(AGENCY_TOKEN="typo").hand_off(a_handoff(case))
    worker.hand_off(a_handoff(case))

    assert caught.value.non_retryable
    assert 1 == len(at_agency(world, case))


def test_a_folder_can_be_the_agency(worker: Worker, tmp_path: Path) -> None:
    """One page and one file of data per handoff, and a file that recalls it."""
    case = open_case(worker)
    local = worker.restarted(AGENCY_ENDPOINT=str(tmp_path / "agency"))

    references = {local.hand_off(a_handoff(case)).reference for _ in range(2)}
    local.recall(a_recall(case, *references))

    name = f"dun:{case.invoice_id}:day28-handoff"
    assert {name} == references
    files = sorted(file.name for file in (tmp_path / "agency").iterdir())
    assert [f"{name}.html", f"{name}.json", f"{name}.recall.json"] == files
    bundle = json.loads((tmp_path / "agency" / f"{name}.json").read_text(encoding="utf-8"))
    assert case.invoice_id == bundle["case"]["invoice_id"]


def test_a_case_that_was_paid_meanwhile_is_not_handed_over(world: ProviderWorld, worker: Worker) -> None:
    """The payment's webhook may be late: the agency never gets a case that Stripe knows to be paid."""
    case = open_case(worker)
    world.stripe.pay_out_of_band(case.invoice_id)

    result = worker.hand_off(a_handoff(case))

    assert ("", InvoiceState.PAID) == (result.reference, result.invoice.state)
    assert [] == at_agency(world, case)


def test_a_delivery_whose_answer_was_lost_is_finished_although_the_invoice_was_paid(
    world: ProviderWorld, worker: Worker
) -> None:
    """The agency has the file: only its reference can take it back."""
    case = open_case(worker)
    world.faults.add("agency", "POST /handoffs", "timeout_after")
    with pytest.raises(ApplicationError):
        worker.hand_off(a_handoff(case))
    world.stripe.pay_out_of_band(case.invoice_id)

    result = worker.hand_off(a_handoff(case))

    assert [result.reference] == [handoff.reference for handoff in at_agency(world, case)]
    assert InvoiceState.PAID == result.invoice.state


def test_what_was_not_begun_is_not_delivered_at_the_end(world: ProviderWorld, worker: Worker) -> None:
    """The case was settled before the delivery; the invoice is still open."""
    case = open_case(worker)

    result = worker.hand_off(a_handoff(case, begun_only=True))

    assert "" == result.reference
    assert [] == at_agency(world, case)
