"""Keeps the demo's processes alive: a server or worker that died is started again."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from subprocess import Popen, TimeoutExpired
from types import TracebackType

from sandbox.machine.errors import SandboxError
from sandbox.machine.processes import ChildSpec, end, last_line, signal_group, spawn

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# A child that lived this long (seconds) before it died is restarted without the pauses of a child that cannot start.
STABLE_AFTER = 10.0
POLL = 0.05
# So often a child that somebody killed before it was ever ready is started again: it may have been fine. One that ended
# by itself was not, and the machine that kills every one of them has no memory for it.
KILLED_AT_START = 5


class Supervisor:
    """Runs named child processes and restarts those that die, until `stop()`.

    Children start in the order given and stop in the opposite order. `say` gets one line per event, from other
    threads than the caller's. All methods may be called from any thread; none may be called after `stop()`.
    """

    def __init__(self, children: Iterable[ChildSpec] = (), *, say: Callable[[str], None] = print) -> None:
        self._say = say
        self._watches: dict[str, _Watch] = {}
        self._waiting = list(children)

    def start(self) -> None:
        """Start the children given to the constructor, each one when the one before is ready.

        Raises SandboxError when one cannot start; those started before it are stopped again.
        """
        waiting, self._waiting = self._waiting, []
        for spec in waiting:
            try:
                self.add(spec)
            except BaseException:
                self.stop()
                raise

    def add(self, spec: ChildSpec) -> None:
        """Start one more child and return when it is ready.

        Raises SandboxError when its name is taken, or when it ends or stays unready for `spec.ready_within` seconds;
        one that is killed (SIGKILL) meanwhile is started again, a few times.
        """
        if spec.name in self._watches:
            raise SandboxError(f"A child named {spec.name} is running already: give the new one another name.")
        watch = _Watch(spec, self._say)
        self._watches[spec.name] = watch
        watch.start()
        try:
            watch.wait_first_ready()
        except BaseException:
            self.remove(spec.name)
            raise

    def remove(self, name: str) -> ChildSpec | None:
        """Stop one child and forget it. Returns what to `add` to have it back; None: it was not there."""
        watch = self._watches.pop(name, None)
        if watch is None:
            return None
        watch.stop()
        return watch.spec

    def stop(self) -> None:
        """End all children (SIGTERM, then SIGKILL) and return when they are gone; may be called twice."""
        for name in reversed(list(self._watches)):
            self.remove(name)

    def kill(self, name: str) -> int:
        """SIGKILL a child, as a crash would, and return its pid when it is gone; it is started again."""
        return self._watches[name].kill()

    def wait_ready(self, name: str, *, within: float = 30.0) -> None:
        """Return when the child runs and is ready, for example after `kill`; SandboxError after `within` seconds."""
        self._watches[name].wait_ready(within)

    def pids(self) -> Mapping[str, int]:
        """Pid by name, of the children that run now."""
        pids = {name: watch.pid for name, watch in self._watches.items()}
        return {name: pid for name, pid in pids.items() if pid is not None}

    @property
    def restarts(self) -> Mapping[str, int]:
        """How often each child was started again."""
        return {name: watch.restarts for name, watch in self._watches.items()}

    def __enter__(self) -> "Supervisor":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Watch:
    """One child and the daemon thread that starts it, waits for its end and starts it again.

    The thread is the child's parent in Linux's eyes (see `spawn`): it must live as long as the child.
    """

    def __init__(self, spec: ChildSpec, say: Callable[[str], None]) -> None:
        self.spec = spec
        self.restarts = 0
        self._say = say
        self._process: Popen[bytes] | None = None
        self._failure: SandboxError | None = None
        self._ready: Popen[bytes] | None = None  # the newest process that was seen ready
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{spec.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def wait_first_ready(self) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._failure is not None or self._ready is not None or self._stopping.is_set()
            )
            if self._failure is not None:
                raise self._failure
            if self._ready is None:
                raise SandboxError(f"{self.spec.name} was stopped before it was ready: start it again.")

    def wait_ready(self, within: float) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._ready is self._process and self.pid is not None, within):
                raise SandboxError(f"{self.spec.name} is not ready after {within:g} s: see {self.spec.log}.")

    def kill(self) -> int:
        process = self._process
        if process is None:
            raise SandboxError(f"{self.spec.name} does not run: wait until it is ready.")
        signal_group(process, signal.SIGKILL)
        process.wait()
        return process.pid

    def stop(self) -> None:
        with self._changed:  # a child that is just being started is seen by the thread, one that runs by us
            self._stopping.set()
            self._changed.notify_all()
            process = self._process
        if process is not None:
            end(process, self.spec.stop_within)
        self._thread.join()

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while (process := self._spawn()) is not None:
            started = time.monotonic()
            self._await_ready(process, started)
            code = process.wait()
            if self._stopping.is_set():
                return
            signal_group(process, signal.SIGKILL)  # what the dead child started must not disturb its successor
            if self._ready is None and (code != -signal.SIGKILL or self.restarts >= KILLED_AT_START):
                said = last_line(self.spec.log)
                self._fail(f"ended {_how(code)} before it was ready{f' ({said})' if said else ''}")
                return
            if time.monotonic() - started > STABLE_AFTER:
                pause = FIRST_PAUSE
            self._say(f"{self.spec.name} (pid {process.pid}) ended {_how(code)}: starting it again in {pause:g} s")
            if self._stopping.wait(pause):
                return
            pause = min(pause * 2, LONGEST_PAUSE)
            with self._changed:
                self.restarts += 1

    def _spawn(self) -> Popen[bytes] | None:
        with self._changed:
            if self._stopping.is_set():
                return None
            try:
                self._process = spawn(self.spec)
            except SandboxError as error:
                self._failure = error
                self._changed.notify_all()
                if self._ready is not None:
                    self._say(str(error))
                return None
            return self._process

    def _await_ready(self, process: Popen[bytes], started: float) -> None:
        while not self._stopping.is_set() and process.poll() is None:
            try:
                ready = self.spec.ready is None or self.spec.ready()
            except Exception as error:  # without this the caller of `add` would wait for ever
                self._fail(f"has a readiness check that does not work ({error!r})")
                end(process, self.spec.stop_within)
                return
            if ready:
                with self._changed:
                    self._ready = process
                    self._changed.notify_all()
                if self.restarts:
                    self._say(f"{self.spec.name} is back (pid {process.pid}, {time.monotonic() - started:.1f} s)")
                return
            if time.monotonic() - started > self.spec.ready_within:
                if self._ready is None:
                    self._fail(f"did not become ready within {self.spec.ready_within:g} s")
                end(process, self.spec.stop_within)
                return
            try:
                process.wait(POLL)
            except TimeoutExpired:
                continue

    def _fail(self, what: str) -> None:
        with self._changed:
            self._failure = self._failure or SandboxError(f"{self.spec.name} {what}: see {self.spec.log}.")
            self._changed.notify_all()


def _how(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"
