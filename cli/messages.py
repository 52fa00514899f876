"""What a customer was told, as the customer saw it; and what customers would be told."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.console import UNUSABLE, fail, one_sentence
from cli.options import AsJson, Invoice
from cli.preview import preview
from cli.text import messages_text
from runtime.books import opened_ledger
from runtime.settings import load_settings
from service.correspondence import Said, before_renewals, messages_of

Folder = Annotated[
    Path | None, typer.Option("--html", metavar="FOLDER", help="Write each message as a page for a browser, too.")
]


class _ShowByDefault(TyperGroup):
    """`messages in_…` is `messages show in_…`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


messages = typer.Typer(
    cls=_ShowByDefault,
    no_args_is_help=True,
    add_completion=False,
    help="Show what customers were told (`messages in_…`), or what they would be told.",
    rich_markup_mode=None,
)
messages.command("preview")(preview)


@messages.command("show")
def show(invoice: Invoice, html: Folder = None, as_json: AsJson = False) -> None:
    """Show every message of a case as the customer saw it: channel, address, time (UTC), subject, text; with what they
    were told before renewals. Of a customer (cus_…) only that, and what was left out.

    It asks the ledger alone. Texts and addresses are personal data.
    """
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        if ledger.case(invoice) is None and ledger.customer(invoice):
            of, said = f"Customer {invoice}, before renewals", before_renewals(ledger, invoice)
        else:
            invoice_id, said = messages_of(ledger, invoice)
            of = f"Invoice {invoice_id}"
    if as_json:
        for one in said:
            print(one.model_dump_json(exclude={"file"}))
    else:
        print(messages_text(of, said))
    if html:
        _write(html, said)


def _write(folder: Path, said: list[Said]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in said:
            (folder / one.file).write_text(one.page, encoding="utf-8")
    except OSError as error:
        raise fail(f"{folder} cannot be written ({error.strerror}): name another folder.", UNUSABLE) from None
    typer.echo(f"{len(said)} pages written to {folder}", err=True)
