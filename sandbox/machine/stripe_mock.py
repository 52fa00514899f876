"""Stripe's own mock server, which checks every request against Stripe's OpenAPI description; for contract tests."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sandbox.machine.go_build import go_install
from sandbox.machine.ports import HOST, free_ports, is_open
from sandbox.machine.processes import ChildSpec
from sandbox.machine.program_cache import Build, Program, Say, cache_home, cached_program
from sandbox.machine.supervisor import Supervisor

STRIPE_MOCK = Program(
    title="stripe-mock 0.203.0",
    folder="stripe-mock/v0.203.0",
    binary="stripe-mock",
    package="github.com/stripe/stripe-mock@v0.203.0",
    version_flag="-version",
    takes="less than a minute",
    disk=1_500_000_000,
)


@dataclass
class StripeMock:
    """A running stripe-mock at `url`; it keeps no state between two requests."""

    url: str
    _supervisor: Supervisor

    def stop(self) -> None:
        """End it and return when it is gone; may be called twice."""
        self._supervisor.stop()

    def __enter__(self) -> "StripeMock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_stripe_mock(
    *, data_dir: Path, say: Say = print, cache: Path | None = None, build: Build = go_install
) -> StripeMock:
    """Start stripe-mock on a free port, built first when it is not in the cache; its log goes to the data folder.

    Raises SandboxError: no network, no disk space, or a build that failed.
    """
    program = cached_program(STRIPE_MOCK, say=say, cache=cache or cache_home(), build=build)
    port = free_ports(1)[0]
    supervisor = Supervisor(say=say)
    supervisor.add(
        ChildSpec(
            name="stripe-mock",
            argv=[str(program), "-http-addr", f"{HOST}:{port}"],
            log=data_dir / "stripe-mock.log",
            ready=lambda: is_open(port),
        )
    )
    return StripeMock(f"http://{HOST}:{port}", supervisor)
