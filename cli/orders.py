"""An operator's orders."""

from typing import Annotated

import typer

from cli.console import message, one_sentence, run
from cli.options import AsJson, By, Invoice, Note, Until, moment
from cli.show import shown_json
from cli.text import columns, shown_text
from domain import events
from domain.base import Message
from runtime.desk import desk
from runtime.settings import Settings
from service.reading import Shown
from service.requests import money


def pause(invoice: Invoice, until: Until = None, note: Note = "", by: By = "operator", as_json: AsJson = False) -> None:
    """Put a case on hold. Its timeline goes on where it stood when it is resumed."""
    _order(invoice, "pause", message(events.Pause, until=moment(until), note=note, by=by), as_json)


def resume(invoice: Invoice, note: Note = "", by: By = "operator", as_json: AsJson = False) -> None:
    """End a pause, or a wait for an operator."""
    _order(invoice, "resume", message(events.Resume, note=note, by=by), as_json)


def settle(
    invoice: Invoice,
    amount: Annotated[str, typer.Argument(help="What was agreed, for example 19.99", show_default=False)],
    currency: Annotated[str, typer.Argument(help="Its currency, for example USD", show_default=False)],
    paid: Annotated[
        bool, typer.Option("--paid", help="The money is in: record it in Stripe as paid elsewhere.")
    ] = False,
    note: Note = "",
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """End a case: the debt is settled for an amount.

    With --paid that amount is recorded in Stripe first; without, nothing is recorded there as paid. What is still due
    then is given up: Stripe's invoice is marked uncollectible.
    """
    with one_sentence():
        agreed = money(amount, currency)
    _order(invoice, "settle", message(events.Settle, amount=agreed, paid=paid, note=note, by=by), as_json)


def write_off(invoice: Invoice, note: Note = "", by: By = "operator", as_json: AsJson = False) -> None:
    """End a case: the debt is given up."""
    _order(invoice, "write_off", message(events.WriteOff, note=note, by=by), as_json)


def _order(invoice: str, name: str, order: Message, as_json: bool) -> None:
    async def work(settings: Settings) -> Shown:
        async with desk(settings) as here:
            return here.reader.around(await here.running.order(invoice, name, order))

    found = run(work)
    print(shown_json(found) if as_json else shown_text(found, columns()))
