"""The playground: customers of the demo's kinds in a world that stays, cases that are moved on, providers that fail."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.settings import ROOT


@contextmanager
def up(folder: Path) -> Iterator[None]:
    """`make up` on a folder, ready; ended in order."""
    argv = [sys.executable, "-m", "sandbox.play.up", "--data", str(folder)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("Ctrl-C"):
                break
        try:
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            running.stdout.read()
    assert 0 == running.returncode


def said(*argv: str, env: dict[str, str] | None = None, stdin: str = "") -> tuple[int, str]:
    """Exit code, and all that was printed."""
    done = subprocess.run(
        [sys.executable, *argv],
        cwd=ROOT,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def settings_of(folder: Path) -> dict[str, str]:
    lines = (folder / "env").read_text().splitlines()
    return dict(line.removeprefix("export ").replace("'", "").split("=", 1) for line in lines)


def test_a_customer_of_a_kind_is_led_on_over_a_restart(tmp_path: Path) -> None:
    """Added, moved by two days; the world ends and comes back, and her card works on day 4 as the script says.

    The README's own record opens a case there, typed as it stands, with the settings that `make up` leaves.
    """
    record = re.search(r"```json\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert record
    play = ("-m", "sandbox", "--data", str(tmp_path))
    with up(tmp_path):
        kinds, added = said(*play, "kinds"), said(*play, "add", "ada")
        invoice = re.findall(r"in_\w+", added[1])[0]
        moved = said(*play, "move", invoice, "2")
        of_readme = said("starter.py", "start", "-", env=settings_of(tmp_path), stdin=record[1])
        unknown, nowhere = said(*play, "add", "nobody"), said(*play, "move", "in_nowhere", "1")
    gone = said(*play, "kinds")
    with up(tmp_path):
        failing, healed = said(*play, "fail", "sendgrid", "--times", "1"), said(*play, "heal")
        later = said(*play, "move", invoice, "9")
        listed = said("starter.py", "list", env=settings_of(tmp_path))

    assert (0, True) == (of_readme[0], of_readme[1].startswith("opened     in_1Q2w3E4r"))
    assert "has money again on payday" in kinds[1]
    assert "Ada Brooks (has money again on payday): opened" in added[1]
    assert "declined: retry 1 of 6: insufficient funds" in moved[1]
    assert (1, "There is no kind nobody: python -m sandbox kinds lists them.\n") == unknown
    assert (1, True) == (nowhere[0], nowhere[1].startswith("No customer here has the invoice in_nowhere"))
    assert (2, "The playground does not answer: start it with make up, and leave it running.\n") == gone
    assert ["sendgrid fails with 500: the next 1 requests\n", "All providers work again.\n"] == [failing[1], healed[1]]
    assert "email sent" in later[1]
    assert later[1].endswith("The case is closed.\n")
    assert "closed: recovered" in listed[1]
