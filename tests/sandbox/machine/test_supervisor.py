"""Child processes: started in order, started again when they die, ended with their parent."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.machine.errors import SandboxError
from sandbox.machine.processes import ChildSpec
from sandbox.machine.supervisor import Supervisor

ROOT = Path(__file__).parents[3]
SLEEP = "import time; time.sleep(600)"


def wait_for_end(pid: int) -> None:
    """Return when a process is gone, whoever its parent is; fail after 10 seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], [], [], 10)[0], f"process {pid} still runs"
    finally:
        os.close(handle)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(say=said.append) as running:
        yield running


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., ChildSpec]:
    """Builds a child that runs some Python code and is ready when it has written `<name>.up`."""

    def build(
        name: str, code: str, *, up: bool = True, ready_within: float = 30.0, stop_within: float = 10.0
    ) -> ChildSpec:
        flag = tmp_path / f"{name}.up"
        flag.unlink(missing_ok=True)
        code = code.replace("UP", f"open({str(flag)!r}, 'w').close()")
        argv = [sys.executable, "-c", code]
        return ChildSpec(
            name,
            argv,
            tmp_path / f"{name}.log",
            ready=flag.exists if up else None,
            ready_within=ready_within,
            stop_within=stop_within,
        )

    return build


def test_a_child_that_died_is_started_again(
    supervisor: Supervisor, python: Callable[..., ChildSpec], said: list[str]
) -> None:
    """The new process takes the dead one's place, the restart is counted and both are said."""
    supervisor.add(python("worker", SLEEP, up=False))

    before = supervisor.kill("worker")
    supervisor.wait_ready("worker")
    after = supervisor.pids()["worker"]

    assert before != after
    assert {"worker": 1} == supervisor.restarts
    assert f"worker (pid {before}) ended by signal 9: starting it again in 0.2 s" == said[0]
    assert f"worker is back (pid {after}," in said[1]


def test_a_child_that_dies_again_and_again_is_started_after_growing_pauses(
    supervisor: Supervisor, python: Callable[..., ChildSpec], said: list[str]
) -> None:
    """A crash loop does not eat the machine: the pause doubles."""
    supervisor.add(python("worker", SLEEP, up=False))

    for _ in range(3):
        supervisor.kill("worker")
        supervisor.wait_ready("worker")

    assert {"worker": 3} == supervisor.restarts
    assert ["0.2 s", "0.4 s", "0.8 s"] == [line.rpartition("in ")[2] for line in said if "starting it again" in line]


KILLS_ITSELF = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def test_a_child_that_is_killed_before_it_is_ready_is_started_again(
    supervisor: Supervisor, python: Callable[..., ChildSpec], tmp_path: Path
) -> None:
    """A kill says nothing about the child: whoever adds it waits for the next one."""
    been = tmp_path / "been"
    code = f"import pathlib\nif not pathlib.Path({str(been)!r}).exists():\n"
    code += f"    pathlib.Path({str(been)!r}).touch()\n    {KILLS_ITSELF}\n"

    supervisor.add(python("worker", f"{code}UP\n{SLEEP}"))

    assert {"worker": 1} == supervisor.restarts


def test_a_child_that_is_killed_whenever_it_starts_is_given_up(
    supervisor: Supervisor, python: Callable[..., ChildSpec], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without memory for it would kill it for ever."""
    monkeypatch.setattr("sandbox.machine.supervisor.LONGEST_PAUSE", 0.2)

    with pytest.raises(SandboxError, match="worker ended by signal 9 before it was ready"):
        supervisor.add(python("worker", KILLS_ITSELF))

    assert 5 == len(said)
    assert {} == supervisor.pids()


def test_children_start_one_after_the_other_and_stop_the_other_way_round(
    python: Callable[..., ChildSpec], tmp_path: Path
) -> None:
    """The worker can rely on the server: it starts when the server is ready and ends before it."""
    record = tmp_path / "record"
    code = (
        "import signal, sys, time\n"
        f"def note(text): open({str(record)!r}, 'a').write(text + ' ')\n"
        "def end(*_): note('end-' + NAME); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "note('up-' + NAME)\nUP\ntime.sleep(600)"
    )
    children = [python(name, code.replace("NAME", repr(name))) for name in ("server", "worker")]

    with Supervisor(children) as running:
        assert ["server", "worker"] == list(running.pids())

    assert "up-server up-worker end-worker end-server" == record.read_text().strip()


def test_a_child_that_cannot_start_is_told_in_one_sentence_and_the_others_are_stopped(
    python: Callable[..., ChildSpec], tmp_path: Path
) -> None:
    """The message holds what the child said last and where its log is."""
    good = python("server", SLEEP, up=False)
    bad = python("worker", "import sys; sys.exit('the task queue has no name')")
    supervisor = Supervisor([good, bad])

    with pytest.raises(SandboxError) as caught:
        supervisor.start()

    log = tmp_path / "worker.log"
    assert f"worker ended with exit code 1 before it was ready (the task queue has no name): see {log}." == str(
        caught.value
    )
    assert {} == supervisor.pids()


def test_a_child_that_never_gets_ready_is_given_up(supervisor: Supervisor, python: Callable[..., ChildSpec]) -> None:
    """Its time is over after `ready_within` seconds, and it does not stay behind."""
    with pytest.raises(SandboxError, match=r"worker did not become ready within 0\.3 s"):
        supervisor.add(python("worker", SLEEP, ready_within=0.3))

    assert {} == supervisor.pids()


def test_a_program_that_does_not_exist_is_named(supervisor: Supervisor, tmp_path: Path) -> None:
    """The message says what to look for."""
    with pytest.raises(SandboxError, match=r"worker cannot be started: no program ./no-such-program"):
        supervisor.add(ChildSpec("worker", ["./no-such-program"], tmp_path / "worker.log"))


def test_a_log_that_cannot_be_written_is_named(supervisor: Supervisor, tmp_path: Path) -> None:
    """The caller is told, and does not wait for a child that will never run."""
    (tmp_path / "logs").write_text("in the way")

    with pytest.raises(SandboxError, match=r"worker cannot be started .*its log .*logs/worker\.log"):
        supervisor.add(ChildSpec("worker", [sys.executable], tmp_path / "logs" / "worker.log"))


def test_a_readiness_check_that_fails_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    """A mistake in the check ends the start, it does not hang it."""
    argv = [sys.executable, "-c", SLEEP]

    with pytest.raises(SandboxError, match=r"worker has a readiness check that does not work \(ZeroDivisionError"):
        supervisor.add(ChildSpec("worker", argv, tmp_path / "worker.log", ready=lambda: bool(1 // 0)))

    assert {} == supervisor.pids()


def test_a_name_is_given_once(supervisor: Supervisor, python: Callable[..., ChildSpec]) -> None:
    """Two children of one name could not be told apart."""
    supervisor.add(python("worker", SLEEP, up=False))

    with pytest.raises(SandboxError, match="A child named worker is running already"):
        supervisor.add(python("worker", SLEEP, up=False))


def test_a_child_that_ignores_sigterm_is_killed(python: Callable[..., ChildSpec]) -> None:
    """Stopping never hangs on a child."""
    supervisor = Supervisor()
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); UP; time.sleep(600)"
    supervisor.add(python("worker", code, stop_within=0.2))
    pid = supervisor.pids()["worker"]

    supervisor.stop()

    wait_for_end(pid)
    assert {} == supervisor.restarts


def test_what_a_child_started_ends_with_it(
    supervisor: Supervisor, python: Callable[..., ChildSpec], tmp_path: Path
) -> None:
    """A dead worker's helpers do not disturb its successor."""
    note = tmp_path / "helper"
    code = (
        "import subprocess, sys, time\n"
        f"helper = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        f"open({str(note)!r}, 'w').write(str(helper.pid))\nUP\ntime.sleep(600)"
    )
    supervisor.add(python("worker", code))
    helper = int(note.read_text())

    supervisor.kill("worker")

    wait_for_end(helper)


def test_a_child_gets_its_environment_folder_and_log(supervisor: Supervisor, tmp_path: Path) -> None:
    """`env` comes on top of the parent's environment; what the child prints is in its log."""
    code = f"import os, time; print(os.environ['QUEUE'], 'PATH' in os.environ, os.getcwd(), flush=True); {SLEEP}"
    log = tmp_path / "worker.log"
    spec = ChildSpec(
        "worker",
        [sys.executable, "-c", code],
        log,
        env={"QUEUE": "dunning"},
        cwd=tmp_path,
        ready=lambda: log.read_text().endswith("\n"),
    )

    supervisor.add(spec)

    assert f"dunning True {tmp_path}\n" == log.read_text()


def test_no_child_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    """Not even SIGKILL of the parent, which lets it clean up nothing, leaves an orphan."""
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from sandbox.machine.processes import ChildSpec\nfrom sandbox.machine.supervisor import Supervisor\n"
        f"supervisor = Supervisor([ChildSpec('child', [sys.executable, '-c', {SLEEP!r}], Path(sys.argv[1]))])\n"
        "supervisor.start()\nprint(supervisor.pids()['child'], flush=True)\ntime.sleep(600)"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "child.log")]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())

        parent.kill()

    wait_for_end(child)
