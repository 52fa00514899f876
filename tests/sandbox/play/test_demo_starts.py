"""The demo starts, or says in one sentence why not."""

from pathlib import Path

import pytest
from filelock import FileLock

from sandbox.machine.errors import SandboxError
from sandbox.play import demo


def test_two_demos_do_not_share_their_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    folder = tmp_path / "demo"
    with (
        FileLock(tmp_path / "demo.lock"),
        pytest.raises(SandboxError, match="Another demo runs on demo: end it first"),
        demo.fresh(folder),
    ):
        pass

    assert not folder.exists()
