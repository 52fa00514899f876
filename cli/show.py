"""One case, for an operator."""

import sys

from cli.console import run
from cli.options import AsJson, Invoice
from cli.text import case_text, ledger_text
from runtime.desk import desk
from runtime.settings import Settings
from service.reading import FromLedger


def show(invoice: Invoice, as_json: AsJson = False) -> None:
    """Show a case: what happened, what is next, and why."""

    async def work(settings: Settings) -> str:
        async with desk(settings) as here:
            if as_json:
                return (await here.reader.view(invoice)).model_dump_json()
            found = await here.reader.read(invoice)
        if not isinstance(found, FromLedger):
            return case_text(found)
        if found.why:
            print(f"{found.why} This is what the ledger knows:", file=sys.stderr)
        return ledger_text(found)

    print(run(work))
