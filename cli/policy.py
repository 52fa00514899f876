"""Policies, tried before cases follow them."""

import json
import sys
from typing import Annotated

import typer

from cli.console import one_sentence
from cli.options import AsJson, Customer, Decline, Opened, PolicyName, moment_or_now
from cli.text import calendar_text, columns
from runtime.books import opened_ledger
from runtime.previewing import calendars, not_set_up, simulations
from runtime.settings import load_settings
from service.calendars import Calendar, Row, calendar_of
from service.sample_customers import SAMPLE, sample_customer

policy = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Try a policy before cases follow it.",
    rich_markup_mode=None,
)


@policy.callback()
def group() -> None:
    """Try a policy before cases follow it."""


@policy.command("explain")
def explain(
    invoice: Annotated[
        str | None, typer.Argument(help="A real case, by its invoice; without it the options say what is tried.")
    ] = None,
    policy: PolicyName = None,
    customer: Customer = SAMPLE,
    decline: Decline = None,
    opened: Opened = None,
    paid_on: Annotated[
        int | None, typer.Option("--paid-on", metavar="DAY", help="The customer pays on that day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a dated calendar of what would happen: each step with its reason, and the rules that postpone or forbid it.

    Of a real case: what was postponed or forbidden, and what lies ahead if nobody pays. It changes nothing.
    """
    with one_sentence():
        settings = load_settings()
        if invoice:
            with opened_ledger(settings) as ledger:
                shown = calendars(settings, ledger).of(invoice)
        else:
            made, known = simulations(settings), sample_customer(customer, None, None)
            followed = made.policy(policy, known.segment)
            shown = calendar_of(made.open(followed, known, decline, moment_or_now(opened), paid_on))
            print(not_set_up(settings), file=sys.stderr)
    _print(shown, as_json=as_json)


def _print(shown: Calendar, *, as_json: bool) -> None:
    if as_json:
        for line in shown.before:
            print(json.dumps(dict.fromkeys(Row._fields) | {"what": "before a renewal", "title": line}))
        for row in shown.rows:
            print(json.dumps(row._asdict(), default=str))
    else:
        print(calendar_text(shown, columns()))
