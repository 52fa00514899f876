"""The commands of starter.py."""

import typer

from cli import cases, intake, orders, reports, setup

app = typer.Typer(
    help="Starts dunning cases from failed invoices, shows them, and takes an operator's orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("start")(intake.start)
app.command("list")(cases.list_cases)
app.command("show")(cases.show)
app.command("pause")(orders.pause)
app.command("resume")(orders.resume)
app.command("settle")(orders.settle)
app.command("write-off")(orders.write_off)
app.command("agency")(reports.agency)
app.command("contact")(reports.contact)
app.command("setup")(setup.setup)
app.command("doctor")(setup.doctor)
app.command("check-policy")(setup.check_policy)
