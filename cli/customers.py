"""One customer: how they want to be reached, and their data."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.console import UNUSABLE, fail, one_sentence, option_names, run, told
from cli.options import AsJson, By
from domain.call_hours import CallTime, read, written
from domain.steps import Channel
from runtime.desk import desk
from runtime.persons import persons
from runtime.settings import Settings, load_settings
from service.ways import WaysChange, WaysKnown

_NONE = "none"
_WAYS = "ways"
_Preferred = StrEnum("_Preferred", {name: name for name in (*Channel, _NONE)})  # type: ignore[misc]


_Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id (cus_…).", show_default=False)]


class _WaysByDefault(TyperGroup):
    """`customer cus_…` is `customer ways cus_…`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [_WAYS, *args]
        return super().parse_args(ctx, args)


customer = typer.Typer(
    cls=_WaysByDefault,
    no_args_is_help=True,
    add_completion=False,
    help="Say how a customer wants to be reached (`customer cus_…`), and read or erase their data.",
    rich_markup_mode=None,
)


@customer.command(_WAYS)
def ways(
    customer_id: _Customer,
    preferred_channel: Annotated[
        _Preferred | None,
        typer.Option(
            help="Where the customer wants to hear from you; none: nothing is known of it.", show_default=False
        ),
    ] = None,
    line_user_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Who the customer is on LINE (U and 32 digits); none: nobody.", show_default=False
        ),
    ] = None,
    call_hours: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOURS",
            help='When the customer wants to be called, by their clock: "mon-fri 17:00-19:00"; may be given several '
            "times. Nobody calls them outside these hours; none: whenever it is lawful.",
            show_default=False,
        ),
    ] = None,
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Say how a customer wants to be reached. It holds for all of their cases, and for those to come."""
    given: dict[str, Any] = {"preferred_channel": preferred_channel, "line_user_id": line_user_id}
    said: dict[str, Any] = {
        name: None if str(value) == _NONE else str(value) for name, value in given.items() if value is not None
    }
    if call_hours:
        said["call_hours"] = _hours(call_hours)
    if not said:
        raise fail("Say --preferred-channel, --line-user-id, --call-hours, or several of them.", UNUSABLE)
    with option_names():
        change = WaysChange.model_validate(said)

    async def work(settings: Settings) -> WaysKnown:
        async with desk(settings) as here:
            return await here.ways.change(customer_id, change, by)

    known = run(work)
    preferred = known.preferred_channel or "no channel that is known"
    on_line = f"is {known.line_user_id} on LINE" if known.line_user_id else "is nobody on LINE"
    called = f"is called {written(known.call_hours)} alone" if known.call_hours else "is called whenever it is lawful"
    told(as_json, f"{customer_id} prefers {preferred}, {on_line}, and {called}.", **known.model_dump(mode="json"))


def _hours(given: list[str]) -> tuple[CallTime, ...] | None:
    if given == [_NONE]:
        return None
    try:
        return read(";".join(given))
    except ValueError as error:
        raise fail(f"--call-hours: {error}", UNUSABLE) from None


@customer.command()
def export(
    customer_id: _Customer,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; else it is printed.", show_default=False)
    ] = None,
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Write down all that the ledger holds of a customer, as one JSON file."""

    with one_sentence(), persons(load_settings()) as here:
        data = here.export(customer_id, by).model_dump_json(indent=2) + "\n"
    if out is None:
        print(data, end="")
        return
    try:
        # It is somebody's: for nobody else on this machine to read.
        out.touch(mode=0o600)
        out.write_text(data, encoding="utf-8")
    except OSError as error:
        raise fail(f"{out} cannot be written ({error.strerror}): choose another file.", UNUSABLE) from None
    told(as_json, f"All that the ledger holds of {customer_id} is in {out}.", customer_id=customer_id, file=str(out))


@customer.command()
def erase(customer_id: _Customer, by: By = "operator", as_json: AsJson = False) -> None:
    """Remove what identifies a customer from the ledger, for ever. What was paid stays, without the person."""

    with one_sentence(), persons(load_settings()) as here:
        here.erase(customer_id, by)
    told(as_json, f"What identified {customer_id} is erased from the ledger.", customer_id=customer_id, erased=True)
