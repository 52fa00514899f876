"""What others report of a case."""

from typing import Annotated

import typer

from cli.console import option_names, run, told
from cli.options import AsJson, Invoice, new_event_id
from domain.events import AgencyReport, ContactResult
from domain.steps import CHANNEL_NAMES, Channel
from runtime.desk import desk
from runtime.settings import Settings
from service.reports import Heard

_SAID = {
    Heard.TOLD: "told: {what}",
    Heard.KEPT: "{what}: kept for the customer's other cases, although this one is over",
    Heard.OVER: "{what}: the case is over, and nothing follows from it",
}


def agency(
    invoice: Invoice,
    report: Annotated[AgencyReport, typer.Argument(help="What the agency says.", show_default=False)],
    amount: Annotated[str | None, typer.Option(help="What was paid, for example 19.99")] = None,
    currency: Annotated[str | None, typer.Option(help="Its currency; that of the invoice by default.")] = None,
    event_id: Annotated[str, typer.Option(help="The agency's own id: a report given twice counts once.")] = "",
    as_json: AsJson = False,
) -> None:
    """Report what the collections agency says of a case."""

    async def work(settings: Settings) -> None:
        async with desk(settings) as here:
            await here.reports.agency(invoice, report, event_id or new_event_id(), amount, currency)

    with option_names():
        run(work)
    # What was typed stands beside it: a slip of the keys is seen at once.
    of = f" of {amount}{f' {currency}' if currency else ''}" if amount else ""
    said = f"{invoice}: told that the agency reports {report.value}{of}"
    told(as_json, said, invoice=invoice, report=report.value, amount=amount, currency=currency)


def contact(
    invoice: Invoice,
    channel: Annotated[Channel, typer.Argument(show_default=False)],
    result: Annotated[ContactResult, typer.Argument(show_default=False)],
    event_id: Annotated[str, typer.Option(help="The provider's own id: a report given twice counts once.")] = "",
    address: Annotated[
        str | None, typer.Option(help="The address or number that it names; the customer's present one by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Report what became of a contact, or that the customer wants none on this channel any more."""

    async def work(settings: Settings) -> Heard:
        async with desk(settings) as here:
            return await here.reports.contact(invoice, channel, result, event_id or new_event_id(), address)

    with option_names():
        heard = run(work)
    what = f"{CHANNEL_NAMES[channel]} {result.words}"
    said = f"{invoice}: {_SAID[heard].format(what=what)}"
    told(as_json, said, invoice=invoice, channel=channel.value, result=result.value, heard=heard.name.lower())
