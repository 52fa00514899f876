"""How a program ends: with its own exit code, whatever the SDK's threads are doing."""

import asyncio
import subprocess
import sys

import pytest

from runtime.leaving import end
from runtime.settings import ROOT


def _ends(program: str) -> subprocess.CompletedProcess[str]:
    # -E: an environment that switches buffering off would have nothing left to lose.
    return subprocess.run([sys.executable, "-E", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", [0, 1, 2, 130])
def test_the_exit_code_is_the_programs_own(code: int) -> None:
    """Scripts and supervisors go by it."""
    assert code == _ends(f"from runtime.leaving import leave; leave({code})").returncode


def test_nothing_that_was_printed_is_lost() -> None:
    """A pipe is written in blocks: the last of them is still in the process when it leaves."""
    ended = _ends("import sys; from runtime.leaving import leave; print('done'); sys.stderr.write('why'); leave(0)")

    assert ("done\n", "why") == (ended.stdout, ended.stderr)


def test_the_interpreter_is_not_torn_down() -> None:
    """There the SDK's threads abort the process, now and then: what must be closed is closed before."""
    ended = _ends("import atexit; from runtime.leaving import leave; atexit.register(print, 'teardown'); leave(0)")

    assert "" == ended.stdout


def test_a_reader_that_has_gone_does_not_change_the_exit_code() -> None:
    """`starter.py list | head -1` is no failure."""
    program = (
        "import os, sys; from runtime.leaving import leave; reader, writer = os.pipe(); os.close(reader);"
        "os.dup2(writer, 1); sys.stdout.write('line'); leave(0)"
    )

    assert (0, "") == ((ended := _ends(program)).returncode, ended.stderr)


async def test_work_that_loses_a_cancellation_on_its_way_ends_all_the_same() -> None:
    """As a bulk order does that waits for a case's answer."""
    lost = []

    async def works() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append("one")

    work = asyncio.create_task(works())
    await asyncio.sleep(0)
    await end([work], again=0.01)

    assert ["one"] == lost


async def test_what_work_has_failed_with_is_raised_at_its_end() -> None:
    async def fails() -> None:
        raise ValueError("a defect")

    work = asyncio.create_task(fails())
    await asyncio.wait([work])
    with pytest.raises(ValueError, match="a defect"):
        await end([work], again=0.01)
