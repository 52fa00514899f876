"""Bank debits at the Stripe stand-in: on their way for days, returned at once or weeks later, and micro-deposits."""

import pytest
import stripe

from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Decline, ach_return
from sandbox.providers.stripe_store import StripeFailure
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import a_client, a_failed_invoice, types_of


def the_intent(world: ProviderWorld, invoice: str) -> dict[str, object]:
    """The invoice's default payment intent, as the API shows it."""
    read = a_client(world).v1.invoices.retrieve(invoice, {"expand": ["payments.data.payment.payment_intent"]})
    payments = read.to_dict()["payments"]["data"]
    intent: dict[str, object] = next(p for p in payments if p["is_default"])["payment"]["payment_intent"]
    return intent


def a_debited_invoice(world: ProviderWorld, *later: Decline, kind: str = "us_bank_account") -> str:
    """An invoice of which a debit is on its way; the account answers `later` and then accepts further debits."""
    customer = world.stripe.add_customer()
    world.stripe.add_bank_debit(customer, behaviour=[PROCESSING, *later, PROCESSING], kind=kind)
    currency = {"sepa_debit": "eur", "us_bank_account": "usd"}[kind]
    return world.stripe.fail_first_payment(customer, amount=1900, currency=currency)


def test_a_customers_own_debit_leaves_the_invoice_open_for_days(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R4: paid by bank debit on the hosted page, after a card had failed: only the payment intent tells."""
    invoice = a_failed_invoice(world)

    account = world.stripe.customer_debits(invoice)

    intent = the_intent(world, invoice)
    assert ("open", "processing", account) == (
        client.v1.invoices.retrieve(invoice).status,
        intent["status"],
        intent["payment_method"],
    )
    assert intent["processing"] is None, "`processing` is for cards only"
    charge = world.stripe.get(str(intent["latest_charge"]))
    assert ("pending", False) == (charge["status"], charge["paid"])
    assert world.stripe.last_event("payment_intent.processing", str(intent["id"]))
    assert world.stripe.last_event("charge.pending", charge["id"])


def test_an_invoice_cannot_be_voided_while_a_debit_is_on_its_way(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R4: not until the bank has answered."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_debits(invoice)

    with pytest.raises(stripe.InvalidRequestError, match="processing"):
        client.v1.invoices.void_invoice(invoice)
    world.stripe.finish_processing(invoice, ach_return("R01"))

    assert "void" == client.v1.invoices.void_invoice(invoice).status


def test_who_pays_after_a_debit_has_failed_does_it_by_the_same_payment(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R22: the payment intent shows the newest charge only, and lists them all."""
    invoice = a_debited_invoice(world)
    begun = the_intent(world, invoice)
    world.stripe.finish_processing(invoice, ach_return("R01"))
    world.stripe.add_card(world.stripe.get(invoice)["customer"])
    world.stripe.customer_pays(invoice)

    paid = the_intent(world, invoice)

    listed = client.v1.charges.list({"payment_intent": str(paid["id"])}).data
    assert begun["id"] == paid["id"]
    assert [("succeeded", paid["latest_charge"]), ("failed", begun["latest_charge"])] == [
        (charge.status, charge.id) for charge in listed
    ]


@pytest.mark.parametrize(
    ("result", "status", "event"),
    [(APPROVE, "paid", "invoice.paid"), (ach_return("R01"), "open", "invoice.payment_failed")],
    ids=["arrives", "returned"],
)
def test_the_bank_answers_days_later(
    world: ProviderWorld, client: stripe.StripeClient, result: Decline, status: str, event: str
) -> None:
    """R4: without any request: only events tell it."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_debits(invoice)
    before = len(types_of(world, invoice))

    world.stripe.finish_processing(invoice, result)

    assert status == client.v1.invoices.retrieve(invoice).status
    assert event in types_of(world, invoice)[before:]


def test_a_part_can_be_on_its_way_beside_the_default_payment(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R4: a payment of its own; Stripe would charge all that remains meanwhile."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_debits(invoice, 900)

    read = client.v1.invoices.retrieve(invoice, {"expand": ["payments.data.payment.payment_intent"]}).to_dict()
    world.stripe.finish_processing(invoice, APPROVE)

    on_the_way = [
        (p["amount_requested"], p["is_default"])
        for p in read["payments"]["data"]
        if p["payment"]["payment_intent"]["status"] == "processing"
    ]
    assert [(900, False)] == on_the_way
    assert 1900 == read["amount_remaining"]
    assert 1000 == world.stripe.get(invoice)["amount_remaining"]


@pytest.mark.parametrize("kind", ["sepa_debit", "us_bank_account"])
def test_a_debit_comes_back_weeks_after_it_was_paid(
    world: ProviderWorld, client: stripe.StripeClient, kind: str
) -> None:
    """R14: as a dispute that is lost from the beginning; the invoice stays paid."""
    invoice = a_debited_invoice(world, kind=kind)
    world.stripe.finish_processing(invoice, APPROVE)

    dispute = world.stripe.return_debit(invoice, reason="insufficient_funds")

    read = client.v1.disputes.retrieve(dispute)
    assert ("lost", "insufficient_funds", 1900) == (read.status, read.reason, read.amount)
    assert ["created", "funds_withdrawn", "closed"] == [t.rpartition(".")[2] for t in types_of(world, dispute)]
    assert "paid" == client.v1.invoices.retrieve(invoice).status


def test_no_money_is_taken_back_twice(world: ProviderWorld) -> None:
    """R14: what is disputed of a charge is never more than the charge."""
    invoice = a_debited_invoice(world)
    world.stripe.finish_processing(invoice, APPROVE)
    world.stripe.return_debit(invoice)

    with pytest.raises(ValueError, match="taken back already"):
        world.stripe.return_debit(invoice)


def test_a_disputed_debit_takes_the_mandate_away(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R14: the next payment from that account is refused with 400, before anything is debited."""
    invoice = a_debited_invoice(world)
    customer = world.stripe.get(invoice)["customer"]
    world.stripe.finish_processing(invoice, APPROVE)
    world.stripe.return_debit(invoice, reason="debit_not_authorized")
    next_one = world.stripe.add_invoice(customer, amount=1900)

    with pytest.raises(stripe.InvalidRequestError, match="requires a mandate"):
        client.v1.invoices.pay(next_one)

    assert [] == [e for e in world.log if e.kind == "charge.processing" and e.subjects["invoice"] == next_one]


@pytest.mark.parametrize(
    ("code", "error", "decline"),
    [
        ("R01", "insufficient_funds", "insufficient_funds"),
        ("R02", "account_closed", "bank_account_closed"),
        ("R03", "no_account", "bank_account_invalid_details"),
        ("R10", "debit_not_authorized", "debit_not_authorized"),
        ("R16", "bank_account_restricted", "bank_account_frozen"),
        ("R20", "bank_account_restricted", "bank_account_restricted"),
        ("R29", "debit_not_authorized", "debit_not_authorized"),
    ],
)
def test_an_ach_return_shows_the_networks_code(
    world: ProviderWorld, client: stripe.StripeClient, code: str, error: str, decline: str
) -> None:
    """R15: error code, decline code and the network's own."""
    invoice = a_debited_invoice(world)

    world.stripe.finish_processing(invoice, ach_return(code))

    intent = the_intent(world, invoice)
    last = intent["last_payment_error"]
    assert isinstance(last, dict)
    assert (error, decline, code) == (last["code"], last["decline_code"], last["network_decline_code"])
    charge = client.v1.charges.retrieve(str(intent["latest_charge"])).to_dict()
    assert (error, code) == (charge["failure_code"], charge["outcome"]["network_decline_code"])
    assert "us_bank_account" == charge["payment_method_details"]["type"]


@pytest.mark.parametrize(("code", "blocked"), [("R01", False), ("R09", False), ("R02", True), ("R10", True)])
def test_a_return_for_another_reason_than_funds_blocks_the_account(
    world: ProviderWorld, client: stripe.StripeClient, code: str, blocked: bool
) -> None:
    """R15: the next debit never reaches the network."""
    invoice = a_debited_invoice(world)
    world.stripe.finish_processing(invoice, ach_return(code))

    if not blocked:
        assert "open" == client.v1.invoices.pay(invoice).status
        assert "processing" == the_intent(world, invoice)["status"]
        return
    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice)

    assert "payment_method_bank_account_blocked" == refused.value.code
    assert refused.value.error is not None
    outcome = client.v1.charges.retrieve(str(refused.value.error.charge)).outcome
    assert outcome is not None
    assert ("blocked", "not_sent_to_network") == (outcome.type, outcome.network_status)
    method = client.v1.payment_methods.retrieve(str(world.log[-1].subjects["payment_method"])).to_dict()
    assert code == method["us_bank_account"]["status_details"]["blocked"]["network_code"]


@pytest.mark.parametrize(
    ("kind", "currency"),
    [
        ("us_bank_account", "usd"),
        ("sepa_debit", "eur"),
        ("bacs_debit", "gbp"),
        ("au_becs_debit", "aud"),
        ("acss_debit", "cad"),
    ],
)
def test_every_rail_takes_days(world: ProviderWorld, client: stripe.StripeClient, kind: str, currency: str) -> None:
    """R15: processing, then a return with the rail's own kind on the charge."""
    customer = world.stripe.add_customer()
    world.stripe.add_bank_debit(customer, behaviour=PROCESSING, kind=kind)
    invoice = world.stripe.add_invoice(customer, amount=1900, currency=currency)

    assert "open" == client.v1.invoices.pay(invoice).status
    world.stripe.finish_processing(invoice, Decline("refer_to_customer"))

    intent = the_intent(world, invoice)
    charge = client.v1.charges.retrieve(str(intent["latest_charge"])).to_dict()
    assert (kind, "refer_to_customer") == (charge["payment_method_details"]["type"], charge["failure_code"])
    assert charge["id"].startswith("py_")


def test_an_indian_card_is_charged_a_day_after_its_holder_was_told(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R15: a card can be `processing` too: the notice before each debit of an e-mandate."""
    customer = world.stripe.add_customer(country="IN")
    world.stripe.add_card(customer, behaviour=PROCESSING, country="IN")
    invoice = world.stripe.add_invoice(customer, amount=49900, currency="inr")

    assert "open" == client.v1.invoices.pay(invoice, {"off_session": True}).status

    processing = the_intent(world, invoice)["processing"]
    assert isinstance(processing, dict)
    told = processing["card"]["customer_notification"]
    assert ("card", False) == (processing["type"], told["approval_requested"])
    assert told["completes_at"] >= world.stripe.get(invoice)["created"] + 86_400


def test_micro_deposits_have_to_be_confirmed_before_anything_is_debited(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R16: `requires_action` without a bank that asks anything."""
    invoice = a_failed_invoice(world)

    world.stripe.customer_enters_account(invoice)

    intent = the_intent(world, invoice)
    action = intent["next_action"]
    assert isinstance(action, dict)
    assert ("requires_action", "verify_with_microdeposits") == (intent["status"], action["type"])
    assert action["verify_with_microdeposits"]["hosted_verification_url"].startswith("https://payments.stripe.com/")
    assert world.stripe.last_event("invoice.payment_action_required", invoice)
    world.stripe.customer_confirms_deposits(invoice)
    assert "processing" == the_intent(world, invoice)["status"]
    world.stripe.finish_processing(invoice, APPROVE)
    assert "paid" == client.v1.invoices.retrieve(invoice).status


def test_no_account_is_entered_while_a_payment_is_on_its_way(world: ProviderWorld) -> None:
    """The hosted page takes no second payment, and the bank's answer finds the first."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_debits(invoice)

    with pytest.raises(StripeFailure):
        world.stripe.customer_enters_account(invoice)

    world.stripe.finish_processing(invoice, APPROVE)
    assert "paid" == world.stripe.get(invoice)["status"]


def test_micro_deposits_time_out(world: ProviderWorld) -> None:
    """R16: after ten days the payment needs another method."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_enters_account(invoice)

    world.stripe.deposits_time_out(invoice)

    intent = the_intent(world, invoice)
    error = intent["last_payment_error"]
    assert isinstance(error, dict)
    assert ("requires_payment_method", "payment_method_microdeposit_verification_timeout") == (
        intent["status"],
        error["code"],
    )
    assert "invoice.payment_failed" == types_of(world, invoice)[-1]
