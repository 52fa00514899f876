"""What a preview shows is what goes out: the same words, of the same case, by the worker that sends."""

import pytest

from domain.kinds.message import ContactTask, MessageStep
from domain.steps import Channel
from runtime.previewing import preview, simulations
from sandbox.providers.world import ProviderWorld
from service.sample_customers import SampleCustomer
from tests.activities.builders import AS_OF, NAME, STANDARD, Worker, a_contact, mails, open_case, texts


@pytest.mark.parametrize("code", ["insufficient_funds", "expired_card"])
def test_the_previews_messages_are_those_that_are_sent(world: ProviderWorld, worker: Worker, code: str) -> None:
    case = open_case(worker)
    invoice = world.stripe.get(case.invoice_id)
    customer = SampleCustomer.model_validate(
        {
            "name": NAME,
            "email": case.email,
            "phone": case.phone,
            "country": "US",
            "amount": "19.99 USD",
            "number": invoice["number"],
            "pay_url": invoice["hosted_invoice_url"],
            "lines": worker.payments.read_invoice(case.invoice_id).lines,
        }
    )

    shown = next(preview(worker.settings).conversations(STANDARD, customer, AS_OF, code))

    life = simulations(worker.settings).open(STANDARD, customer, code, AS_OF)
    effects = [one.effect for one in life.lived() if one.effect and isinstance(one.effect.step, MessageStep)]
    for number, (effect, told) in enumerate(zip(effects, shown.messages, strict=True)):
        task, seen = effect.task, told.sent.rendered
        assert isinstance(task, ContactTask)
        assert seen
        worker.contact(a_contact(case, task.channel, step=f"preview-{number}", facts=task.facts))
        if task.channel is Channel.EMAIL:
            sent = mails(world, case)[-1]
            assert (seen.subject, seen.text, seen.html) == (sent.subject, sent.text, sent.html)
        if task.channel is Channel.SMS:
            assert seen.text == texts(world, case)[-1].body
    assert len(effects) > 5
