"""The commands of `dunning` and starter.py. Each is loaded when it is given: a list of cases needs no Temporal."""

import re
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise, takewhile
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from runtime.zones import use_pinned_zones

use_pinned_zones()  # before any command reads a zone

_COMMANDS = {
    "start": "cli.intake:start",
    "list": "cli.list:list_cases",
    "show": "cli.show:show",
    "messages": "cli.messages:messages",
    "policy": "cli.policy:policy",
    "pause": "cli.orders:pause",
    "resume": "cli.orders:resume",
    "settle": "cli.orders:settle",
    "skip": "cli.orders:skip",
    "retry-now": "cli.orders:retry_now",
    "hand-off": "cli.orders:hand_off",
    "recall": "cli.orders:recall",
    "reopen-channel": "cli.orders:reopen_channel",
    "write-off": "cli.orders:write_off",
    "protect": "cli.protections:protect",
    "unprotect": "cli.protections:unprotect",
    "customer": "cli.customers:customer",
    "bulk": "cli.bulk:bulk",
    "inbox": "cli.inbox:inbox",
    "keys": "cli.keys:keys",
    "endpoints": "cli.endpoints:endpoints",
    "connect": "cli.connect:connect",
    "agency": "cli.reports:agency",
    "contact": "cli.reports:contact",
    "calls": "cli.calls:calls",
    "sweep": "cli.sweep:sweep",
    "setup": "cli.setup:setup",
    "rebuild": "cli.setup:rebuild",
    "doctor": "cli.setup:doctor",
    "check-policy": "cli.setup:check_policy",
    "sandbox": "cli.sandbox:sandbox",
}
# What follows the name is another program's.
_PASSED_ON = {"sandbox": {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}}


_BELOW_ZERO = re.compile(r"-[0-9.,]*[0-9]")
_FREE_TEXT = ("--note", "--by")


class _Commands(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if number := _below_zero(args):
            from cli.console import UNUSABLE, fail  # noqa: PLC0415 - a list of cases needs none of it so early

            raise fail(f"{number} is below zero: amounts and numbers have no sign here, write {number[1:]}.", UNUSABLE)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - the signature of the command line's library
        return list(_COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:  # noqa: ARG002 - as above
        if cmd_name not in _COMMANDS:
            return None
        module, _, function = _COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(module), function)
        if isinstance(found, typer.Typer):  # commands of its own
            return cast("TyperCommand", typer.main.get_command(found))
        one = typer.Typer(add_completion=False, rich_markup_mode=None)
        one.command(cmd_name, context_settings=_PASSED_ON.get(cmd_name))(found)
        return cast("TyperCommand", typer.main.get_command(one))


app = typer.Typer(
    cls=_Commands, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


def _below_zero(words: Sequence[str]) -> str | None:
    """A number with a minus among the words of a command: the command line's library would take it for an option."""
    if words and words[0] in _PASSED_ON:
        return None
    ours = takewhile(lambda pair: pair[1] != "--", pairwise(words))
    return next((word for before, word in ours if _BELOW_ZERO.fullmatch(word) and before not in _FREE_TEXT), None)


@app.callback()
def starter() -> None:
    """Starts dunning cases from failed invoices, shows them, and takes an operator's orders."""
