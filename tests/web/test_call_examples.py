"""What the API's pages show of a call is what the product says."""

from domain.calls import Offer
from domain.invoice import InvoiceState
from domain.money import Money
from domain.steps import Stage
from domain.truth import MessageFacts
from gateways.call_scripts import TemplateCalls
from gateways.messages import TemplateMessages
from gateways.ports.messages import Address
from gateways.ports.payments import InvoiceSnapshot
from runtime.settings import ROOT
from tests.gateways.brands import a_brand
from web.api.call_examples import CALLS

MESSAGES = ROOT / "policies" / "messages"


def test_the_script_of_the_example_is_that_of_the_product() -> None:
    sheet = CALLS["CallSheet"]
    due = Money(**sheet["due"])
    invoice = InvoiceSnapshot(
        id="in_1",
        number="INV-0042",
        state=InvoiceState.OPEN,
        currency=due.currency,
        amount=due,
        remaining=due,
        customer_id="cus_1",
    )
    to = Address(customer_id="cus_1", name=sheet["name"], language=sheet["language"])
    calls = TemplateCalls(TemplateMessages([MESSAGES], a_brand("Example")), [MESSAGES], "+12125550100")
    offers = tuple(Offer(offer) for offer in sheet["offers"])
    said = calls.script(MessageFacts(stage=Stage.REMINDER), offers, to, invoice)

    assert said.model_dump(mode="json") == sheet["script"]
