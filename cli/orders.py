"""An operator's orders."""

from typing import Annotated

import typer

from cli.console import message, one_sentence, run, told
from cli.options import AsJson, By, Invoice, Note, Until, moment
from cli.show import shown_json
from cli.text import columns, shown_text
from domain import events
from domain.steps import CHANNEL_NAMES, Channel
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


def skip(
    invoice: Invoice,
    step: Annotated[
        str, typer.Option(help="The step's key, as show --json has it: nothing else is skipped.", show_default=False)
    ] = "",
    note: Note = "",
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Leave out what comes next. The end cannot be skipped."""
    _order(invoice, "skip", message(events.Skip, step=step, note=note, by=by), as_json)


def retry_now(invoice: Invoice, note: Note = "", by: By = "operator", as_json: AsJson = False) -> None:
    """Charge once more at once, if every rule allows it; else when they do."""
    _order(invoice, "retry_now", message(events.RetryNow, note=note, by=by), as_json)


def hand_off(invoice: Invoice, note: Note = "", by: By = "operator", as_json: AsJson = False) -> None:
    """Let the case end with the agency, whatever is due: on the date that the customer was told."""
    _order(invoice, "hand_off", message(events.HandOff, note=note, by=by), as_json)


def recall(invoice: Invoice, note: Note = "", by: By = "operator", as_json: AsJson = False) -> None:
    """Take the case back from the agency. It then waits: settle it, write it off, or resume it to give it up."""
    _order(invoice, "recall", message(events.Recall, note=note, by=by), as_json)


def reopen_channel(
    invoice: Invoice,
    channel: Annotated[Channel, typer.Argument(help="The channel.", show_default=False)],
    asked: Annotated[bool, typer.Option("--asked", help="The customer asked for it.")] = False,
    note: Note = "",
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Contact the customer of this invoice on a closed channel again, in all of their cases."""
    order = message(events.ReopenChannel, channel=channel, note=note, by=by)

    async def work(settings: Settings) -> None:
        async with desk(settings) as here:
            await here.channels.reopen(here.channels.customer_of(invoice), channel, order, asked=asked)

    run(work)
    told(as_json, f"{CHANNEL_NAMES[channel]} is open again.", channel=channel, open=True)


def write_off(invoice: Invoice, note: Note = "", by: By = "operator", as_json: AsJson = False) -> None:
    """End a case: the debt is given up."""
    _order(invoice, "write_off", message(events.WriteOff, note=note, by=by), as_json)


def _order(invoice: str, name: str, order: events.Order, as_json: bool) -> None:
    async def work(settings: Settings) -> Shown:
        async with desk(settings) as here:
            return here.reader.around(await here.orders.give(invoice, name, order))

    found = run(work)
    print(shown_json(found) if as_json else shown_text(found, columns()))
