"""What protects a customer as a person, set and ended by an operator."""

from typing import Annotated

import typer

from cli.console import option_names, run, told
from cli.options import AsJson, By, Note, moment, new_event_id
from domain.calendar import minute
from domain.protection import Protection
from runtime.desk import desk
from runtime.settings import Settings
from service.protections import ProtectionFile

Customer = Annotated[str, typer.Argument(help="The customer's id (cus_…).", show_default=False)]
Kind = Annotated[Protection, typer.Argument(help="What protects the person.", show_default=False)]


def protect(
    customer: Customer,
    protection: Kind,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="When it ends by itself; a breathing space needs it.")
    ] = None,
    note: Note = "",
    by: By = "operator",
    event_id: Annotated[str, typer.Option(help="An id of your own: given twice it counts once.")] = "",
    as_json: AsJson = False,
) -> None:
    """Stop everything for a person: no charge, contact, restriction, handoff or write-off but by a human.

    It holds for all cases of the customer, and for those to come.
    """

    async def work(settings: Settings) -> ProtectionFile:
        async with desk(settings) as here:
            given = event_id or new_event_id()
            return await here.protections.protect(customer, protection, given, until=moment(until), by=by, note=note)

    with option_names():
        _say(run(work), as_json)


def unprotect(
    customer: Customer, protection: Kind, note: Note = "", by: By = "operator", as_json: AsJson = False
) -> None:
    """End a protection: the person's cases go on, as many days later as they stood still."""

    async def work(settings: Settings) -> ProtectionFile:
        async with desk(settings) as here:
            return await here.protections.unprotect(customer, protection, by=by, note=note)

    _say(run(work), as_json)


def _say(found: ProtectionFile, as_json: bool) -> None:
    lines = [
        f"{one.protection.in_words} ({one.said}; {f'until {minute(one.until)} UTC' if one.until else 'until ended'})"
        for one in found.standing
    ]
    now = f"protected: {', '.join(lines)}" if lines else "not protected"
    standing = [one.model_dump(mode="json") for one in found.standing]
    told(as_json, f"{found.customer_id} is {now}.", customer=found.customer_id, standing=standing)
