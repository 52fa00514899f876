"""How a customer wants to be reached, said by an operator."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.console import UNUSABLE, fail, option_names, run, told
from cli.options import AsJson, By
from domain.steps import Channel
from runtime.desk import desk
from runtime.settings import Settings
from service.ways import WaysChange, WaysKnown

_NONE = "none"
_Preferred = StrEnum("_Preferred", {name: name for name in (*Channel, _NONE)})  # type: ignore[misc]


def customer(
    customer_id: Annotated[
        str, typer.Argument(metavar="CUSTOMER", help="The customer's id (cus_…).", show_default=False)
    ],
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
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Say how a customer wants to be reached. It holds for all of their cases, and for those to come."""
    given: dict[str, Any] = {"preferred_channel": preferred_channel, "line_user_id": line_user_id}
    said = {name: None if str(value) == _NONE else str(value) for name, value in given.items() if value is not None}
    if not said:
        raise fail("Say --preferred-channel, --line-user-id or both.", UNUSABLE)
    with option_names():
        change = WaysChange.model_validate(said)

    async def work(settings: Settings) -> WaysKnown:
        async with desk(settings) as here:
            return await here.ways.change(customer_id, change, by)

    known = run(work)
    preferred = known.preferred_channel or "no channel that is known"
    on_line = f"is {known.line_user_id} on LINE" if known.line_user_id else "is nobody on LINE"
    told(as_json, f"{customer_id} prefers {preferred}, and {on_line}.", **known.model_dump(mode="json"))
