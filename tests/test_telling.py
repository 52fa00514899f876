"""What the service sends to a case, the case knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

from domain.telling import TELLINGS
from runtime.settings import ROOT
from workflows.messages import INTERRUPTING


def _sent(file: Path) -> Iterator[str]:
    """The names in `(case, "name", message)` and in `….tell(invoice, "name", message)`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        told = node.elts if isinstance(node, ast.Tuple) and len(node.elts) == 3 else []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "tell":
            told = node.args
        if len(told) == 3 and isinstance(told[1], ast.Constant) and str(told[1].value).isidentifier():
            yield str(told[1].value)


def test_every_signal_that_the_service_sends_is_known_to_cases() -> None:
    """Another name would only leave a line about a malformed signal in the record."""
    sent = {name for file in (ROOT / "service").glob("*.py") for name in _sent(file)}

    assert {"payment_received", "invoice_changed", "contact_reported", "agency_reported"} <= sent
    assert set() == sent - set(TELLINGS)


def test_what_interrupts_a_step_is_something_that_a_case_can_be_told() -> None:
    """A wrong name there would let a payment wait for a provider that does not answer."""
    assert set() == INTERRUPTING - set(TELLINGS)
