"""Commands of starter.py in this process, and the failed invoices that they are about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from typer.testing import Result

Starter = Callable[..., Result]
DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Failed:
    """Two failed invoices in Stripe, and the files of tests/data about them, with ids of this test's own."""

    invoice: str
    customer: str
    suffix: str
    folder: Path

    def file(self, name: str) -> str:
        """A file of tests/data: two tests on one server must not share an invoice."""
        copy = self.folder / name
        copy.write_text((DATA / name).read_text().replace("1Sandbox", self.suffix))
        return str(copy)


def said(result: Result) -> tuple[int, str]:
    """Exit code and what stands on stderr; never a traceback."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output

    return result.exit_code, result.stderr.strip()
