"""Ctrl-C during an order to the playground ends it with one sentence."""

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from runtime.settings import ROOT
from sandbox.machine.environment import write_environment
from sandbox.providers.world import ProviderWorld


def test_ctrl_c_while_a_case_is_moved_on_is_one_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The order goes on, and when the world ends nothing is printed of it either."""
    waiting = threading.Event()

    async def lead_on(_: Request) -> JSONResponse:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError("nothing ends this but the end")

    world = ProviderWorld()
    world.doors.append(Route("/sandbox", lead_on, methods=["POST"]))
    argv = [sys.executable, "-m", "sandbox", "--data", str(tmp_path), "move", "in_1", "7"]
    with world:
        write_environment({"STRIPE_API_BASE": world.stripe_url}, tmp_path)
        with _started(argv) as moving:
            assert waiting.wait(timeout=60)
            moving.send_signal(signal.SIGINT)
            said = moving.communicate(timeout=60)

    assert (130, ("", "Interrupted; what was ordered goes on in the playground.\n")) == (moving.returncode, said)
    assert [] == [record.message for record in caplog.records if record.name.startswith("uvicorn")]


def _started(argv: list[str]) -> "subprocess.Popen[str]":
    """In a run in the background Ctrl-C is ignored, and so it would be by what that starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
