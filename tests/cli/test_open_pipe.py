"""`starter.py start -` on a pipe that stays open, as `stripe listen --print-json` feeds it."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import ROOT
from tests.cli.commands import Failed


@pytest.fixture
async def listening(environment: dict[str, str], client: Client, ledger: SqlLedger) -> AsyncIterator[Process]:
    """The command, whose stdin stays open until the test is over."""
    words = [sys.executable, "starter.py", "start", "-"]
    process = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


async def answered(process: Process, text: str) -> list[str]:
    """The words of the line that the command says of what was written to it."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(text.encode())
    await process.stdin.drain()
    line = await asyncio.wait_for(process.stdout.readline(), timeout=60)
    return line.decode().split()


async def test_each_record_is_taken_while_the_pipe_stays_open(
    listening: Process, ledger: SqlLedger, failed: Failed
) -> None:
    """In one line, over several, and one that is none; the command ends when the other side does."""
    event = Path(failed.file("payment_failed.json")).read_text()
    other = json.dumps(json.loads(Path(failed.file("payment_failed_pre_basil.json")).read_text()))

    first = await answered(listening, event.rstrip() + "\n")
    opened = [case.invoice_id for case in ledger.cases().rows]
    broken = await answered(listening, "> Ready!\n")
    second = await answered(listening, f"{other}\n")
    again = await answered(listening, f"{other}\n")
    assert listening.stdin
    listening.stdin.close()
    code = await asyncio.wait_for(listening.wait(), timeout=60)

    assert ["opened", failed.invoice] == first[:2]
    assert [failed.invoice] == opened
    assert ["malformed", "opened", "exists"] == [answer[0] for answer in (broken, second, again)]
    assert 1 == code  # as for a file: not all could be taken


async def test_what_came_without_an_end_of_line_is_taken_at_the_end(listening: Process, failed: Failed) -> None:
    """A file without a last newline, through a pipe."""
    compact = json.dumps(json.loads(Path(failed.file("payment_failed.json")).read_text()))

    out, error = await asyncio.wait_for(listening.communicate(compact.encode()), timeout=60)

    assert (0, b"") == (listening.returncode, error)
    assert out.decode().startswith(f"opened     {failed.invoice}")
