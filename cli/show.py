"""One case, for an operator."""

import json
import sys

from cli.console import run
from cli.options import AsJson, Invoice
from cli.text import columns, shown_text
from runtime.desk import desk
from runtime.settings import Settings
from service.reading import Shown


def show(invoice: Invoice, as_json: AsJson = False) -> None:
    """Show a case: what is next and why, the facts, what is to come, what happened. All times are in UTC."""

    async def work(settings: Settings) -> Shown:
        async with desk(settings) as here:
            return await here.reader.read(invoice)

    found = run(work)
    if found.why:
        print(f"{found.why} This is what the ledger knows:", file=sys.stderr)
    print(shown_json(found) if as_json else shown_text(found, columns()))


def shown_json(found: Shown) -> str:
    """One case as a program reads it."""
    told = found.view or found.row
    facts = told.model_dump(mode="json") if told else {}
    record = [entry.model_dump(mode="json") for entry in found.record]
    plan = [{**step._asdict(), "at": step.at.isoformat()} for step in found.plan]
    answers = [one.model_dump(mode="json") for one in found.answers]
    return json.dumps(
        {**({"record": record} if record else {}), **facts, "plan": plan, "in_hand": found.in_hand, "answers": answers}
    )
