"""docker-compose.yml cannot be started by the tests: everything that it names is checked to exist and to agree."""

import json
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import worker
from runtime import equipment
from runtime.settings import ROOT, Settings
from sandbox.machine.server_config import SERVER_ENV
from sandbox.machine.temporal_server import SERVER, UI

COMPOSE = ROOT / "docker-compose.yml"
SERVICES: dict[str, dict[str, Any]] = YAML(typ="safe").load(COMPOSE)["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}
SETTINGS = {name.upper() for name in Settings.model_fields}

# What the official images read (server 1.32.1: its embedded configuration template; admin tools: temporal-sql-tool
# and temporal; UI 2.54.1: config/docker.yaml; postgres: its entrypoint).
KNOWN_TO_IMAGE = {
    "postgres": {"POSTGRES_PASSWORD"},
    "temporalio/server": {
        "BIND_ON_IP",
        "DB",
        "DBNAME",
        "DB_PORT",
        "DYNAMIC_CONFIG_FILE_PATH",
        "LOG_LEVEL",
        "NUM_HISTORY_SHARDS",
        "POSTGRES_PWD",
        "POSTGRES_SEEDS",
        "POSTGRES_USER",
        "TEMPORAL_ALLOW_NO_AUTH",
        "VISIBILITY_DBNAME",
        *SERVER_ENV,
    },
    "temporalio/admin-tools": {
        "SQL_HOST",
        "SQL_PASSWORD",
        "SQL_PLUGIN",
        "SQL_PORT",
        "SQL_USER",
        "TEMPORAL_ADDRESS",
        "TEMPORAL_NAMESPACE",
    },
    "temporalio/ui": {
        "TEMPORAL_ADDRESS",
        "TEMPORAL_CORS_ORIGINS",
        "TEMPORAL_CSRF_COOKIE_INSECURE",
        "TEMPORAL_DEFAULT_NAMESPACE",
        "TEMPORAL_DISABLE_NEWS_FETCH",
    },
}
PORTS = {"dunning": 8088, "postgres": 5432, "temporalio/server": 7233, "temporalio/ui": 8080}
"""The port that each image serves on unless it is told otherwise."""


def _image(name: str) -> str:
    return str(SERVICES[name]["image"]).split(":")[0]


def _mounts(name: str) -> dict[str, str]:
    """The files of this tree by the path at which the container sees them."""
    pairs = [volume.split(":") for volume in SERVICES[name].get("volumes", []) if isinstance(volume, str)]
    return {inside: outside for outside, inside, *_ in pairs if outside.startswith(".")}


def _environment(name: str) -> dict[str, str | None]:
    return dict(SERVICES[name].get("environment", {}))


def _dockerfile() -> list[list[str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def _copied() -> set[str]:
    """What the image holds, relative to its work folder."""
    return {source for word, *rest in _dockerfile() if word == "COPY" for source in rest[:-1]}


def _default_command() -> list[str]:
    [command] = [json.loads(" ".join(rest)) for word, *rest in _dockerfile() if word == "CMD"]
    return list(command)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_compose_file_fits_the_compose_specification() -> None:
    """The specification's own schema, which check-jsonschema carries, accepts the file."""
    result = _run("-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))

    assert 0 == result.returncode, result.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_exist_and_can_be_waited_for(name: str) -> None:
    """A service waits for services that exist: for their health where they stay, for their end where they end."""
    for other, how in SERVICES[name].get("depends_on", {}).items():
        stays = "healthcheck" in SERVICES[other]

        assert ("service_healthy" if stays else "service_completed_successfully") == how["condition"]


@pytest.mark.parametrize("name", SERVICES)
def test_service_that_stays_is_watched_and_restarted(name: str) -> None:
    """A service without an end has a health check and starts again; one with an end tries a few times."""
    stays = "healthcheck" in SERVICES[name]

    assert ("unless-stopped" if stays else "on-failure:5") == SERVICES[name]["restart"]


@pytest.mark.parametrize("name", SERVICES)
def test_mounted_files_exist(name: str) -> None:
    for outside in _mounts(name).values():
        assert (ROOT / outside).is_file(), outside


@pytest.mark.parametrize("name", SERVICES)
def test_named_files_are_mounted(name: str) -> None:
    """A path below /deploy, in a command or a variable, is one of the mounted files."""
    named = [str(v) for v in (*SERVICES[name].get("command", []), *_environment(name).values())]
    wanted = {value for value in named if value.startswith("/deploy/")}

    assert set() == wanted - set(_mounts(name))


@pytest.mark.parametrize("name", sorted(set(SERVICES) - OURS))
def test_variables_are_known_to_the_image(name: str) -> None:
    """An official image reads every variable that it gets, or a mounted script does."""
    scripts = "".join((ROOT / file).read_text() for file in _mounts(name).values())
    known = KNOWN_TO_IMAGE[_image(name)]

    assert set() == {v for v in _environment(name) if v not in known and v not in scripts}


@pytest.mark.parametrize("name", sorted(OURS))
def test_variables_are_settings(name: str) -> None:
    """Our own services get settings and nothing else."""
    assert set() == set(_environment(name)) - SETTINGS


def test_every_setting_that_an_installation_decides_reaches_its_process() -> None:
    """The settings that compose leaves out are those that a test or another way of running needs."""
    left_out = {"STRIPE_API_BASE", "SENDGRID_API_BASE", "TWILIO_API_BASE", "LINE_API_BASE"}

    decided = SETTINGS - left_out
    of_web = {
        name for name in decided if name.startswith("WEB_") or "WEBHOOK_SECRETS" in name or "WEBHOOK_KEYS" in name
    }
    of_web |= {"DUNNING_INBOX_KEPT_FOR", "DUNNING_OUTBOX_KEPT_FOR", "DUNNING_OUTBOX_PRIVATE"}

    assert (decided - of_web) | {"WEB_PUBLIC_URL"} == set(_environment("worker"))
    assert of_web <= set(_environment("web"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_channel_has_to_be_set_up(name: str) -> None:
    """All know the same of each, and .env need not name it."""
    settings = {*chain(*equipment.CHANNELS.values()), "AGENCY_ENDPOINT", "AGENCY_TOKEN"}

    assert dict.fromkeys(settings) == {key: value for key, value in _environment(name).items() if key in settings}


@pytest.mark.parametrize("name", sorted(OURS))
def test_policies_of_ones_own_can_be_mounted(name: str) -> None:
    """Read only, where the process looks for them; a folder that is not there is an error and not an empty one."""
    [mount] = SERVICES[name]["volumes"]
    default = re.fullmatch(r"\$\{DUNNING_POLICIES:-(.+)\}", mount["source"])

    assert default
    assert (ROOT / default[1] / "standard.yaml").is_file()
    assert (mount["target"], True, {"create_host_path": False}) == (
        _environment(name)["DUNNING_POLICIES"],
        mount["read_only"],
        mount["bind"],
    )


def test_a_temporal_of_ones_own_takes_the_place_of_the_one_here() -> None:
    """Without the profile nothing that is started needs a service of it, and all settings of Temporal are passed on."""
    started = {name for name, service in SERVICES.items() if "profiles" not in service}

    assert OURS | {"postgres"} == started
    for name in started:
        needs = SERVICES[name].get("depends_on", {})
        assert set() == {other for other, how in needs.items() if how.get("required", True)} - started
    for name in OURS:
        assert {each for each in SETTINGS if each.startswith("TEMPORAL_")} - {"TEMPORAL_METRICS_PORT"} <= set(
            _environment(name)
        )


def test_the_example_starts_temporal_here() -> None:
    [profile] = {profile for service in SERVICES.values() for profile in service.get("profiles", ())}

    assert f"\nCOMPOSE_PROFILES={profile}\n" in (ROOT / ".env.example").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_addresses_name_services_and_their_ports(name: str) -> None:
    """Every `service:port` in a variable is a service of this file at the port that its image serves on."""
    text = " ".join(str(value) for value in _environment(name).values())
    for host, port in re.findall(r"\b(postgres|temporal|ui|worker):(\d+)\b", text):
        assert PORTS[_image(host)] == int(port)
    for variable, value in _environment(name).items():
        if variable in ("SQL_HOST", "POSTGRES_SEEDS"):
            assert PORTS[_image(str(value))] == int(
                str(_environment(name)["SQL_PORT" if "SQL" in variable else "DB_PORT"])
            )


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_to_this_machine_only(name: str) -> None:
    for published in SERVICES[name].get("ports", []):
        assert f"127.0.0.1:{PORTS[_image(name)]}:{PORTS[_image(name)]}" == published


def test_one_namespace_for_all() -> None:
    spaces = {v for n in SERVICES for k, v in _environment(n).items() if k.endswith("NAMESPACE")}

    assert 1 == len(spaces)


def test_databases_and_their_owners_are_those_that_the_first_start_makes() -> None:
    """The names that the services connect with are created by the script that postgres runs."""
    script = (ROOT / "deploy/postgres/databases.sql").read_text()
    owners = dict(re.findall(r"CREATE DATABASE (\w+) OWNER (\w+);", script))
    server = _environment("temporal")
    ledger = re.match(
        r"postgresql://(\w+):.*@postgres:5432/(\w+)$", str(_environment("worker")["DUNNING_DATABASE_URL"])
    )

    assert ledger
    assert {
        server["DBNAME"]: server["POSTGRES_USER"],
        server["VISIBILITY_DBNAME"]: _environment("temporal-schema")["SQL_USER"],
        ledger[2]: ledger[1],
    } == owners


def test_schema_script_serves_both_databases_of_the_server() -> None:
    script = (ROOT / "deploy/temporal/schema.sh").read_text()
    server = _environment("temporal")

    assert {server["DBNAME"], server["VISIBILITY_DBNAME"]} == set(re.findall(r"database=(\w+)", script))
    assert server["DB"] == _environment("temporal-schema")["SQL_PLUGIN"]


@pytest.mark.parametrize("script", sorted((ROOT / "deploy").rglob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_valid_shell(script: Path) -> None:
    result = subprocess.run(["/bin/sh", "-n", script], capture_output=True, text=True, check=False)

    assert "" == result.stderr


def test_versions_are_those_that_the_demo_and_the_tests_run_on() -> None:
    """The server and the UI in production are the ones that are tested."""
    images = {service["image"] for service in SERVICES.values()}
    server, ui = SERVER.package.rsplit("@v", 1)[1], UI.package.rsplit("@v", 1)[1]

    assert {f"temporalio/server:{server}", f"temporalio/admin-tools:{server}", f"temporalio/ui:{ui}"} == {
        image for image in images if image.startswith("temporalio/")
    }


def test_time_skipping_stays_off_in_production() -> None:
    values = YAML(typ="safe").load(ROOT / "deploy/temporal/dynamic.yaml")

    assert [{"value": False}] == values["frontend.WorkflowTimeSkippingEnabled"]


def test_secrets_come_from_the_environment() -> None:
    """No password, key or token has its value in the file."""
    for name in SERVICES:
        for variable, value in _environment(name).items():
            if re.search(r"PASSWORD|PWD|SECRET|TOKEN|API_KEY|DATABASE_URL", variable):
                assert value is None or re.search(r"\$\{\w+:\?", value), variable


def test_example_environment_names_every_variable() -> None:
    """.env.example has each variable that the file asks for, the necessary ones without #, and no value."""
    text = COMPOSE.read_text()
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    optional = set(re.findall(r"\$\{(\w+):-", text)) | {
        k for n in SERVICES for k, v in _environment(n).items() if v is None
    }
    example = (ROOT / ".env.example").read_text()

    assert needed == set(re.findall(r"^(\w+)=$", example, re.MULTILINE))
    assert optional == set(re.findall(r"^# (\w+)=", example, re.MULTILINE))


def test_image_gets_files_that_exist() -> None:
    for source in _copied():
        assert (ROOT / source).exists(), source


def test_image_holds_all_that_the_worker_imports() -> None:
    """Every package and data folder of the product, both programs, and neither tests nor stand-ins."""
    product = {
        "domain",
        "activities",
        "gateways",
        "workflows",
        "service",
        "runtime",
        "cli",
        "web",
        "policies",
        "worker.py",
        "starter.py",
    }

    assert product | {"requirements/runtime.lock"} == _copied()


def test_nothing_else_can_get_into_the_image() -> None:
    """.dockerignore leaves everything out but what the Dockerfile copies: least of all .env."""
    lines = (ROOT / ".dockerignore").read_text().split("\n")

    assert "*" in lines
    assert _copied() == {line[1:] for line in lines if line.startswith("!")}


def test_image_installs_by_hash_and_runs_without_root() -> None:
    lines = [" ".join(words) for words in _dockerfile()]

    assert any("pip install" in line and "--require-hashes" in line for line in lines)
    assert "USER dunning" in lines
    assert "STOPSIGNAL SIGTERM" in lines


def test_commands_of_our_image_exist() -> None:
    """Each program and module that the image is started with is in it."""
    commands = [SERVICES[n]["command"] for n in OURS if "command" in SERVICES[n]]
    commands += [SERVICES[n]["healthcheck"]["test"][1:] for n in OURS if "healthcheck" in SERVICES[n]]
    commands += [_default_command()]
    for python, what, *rest in commands:
        assert "python" == python
        file = f"{rest[0].replace('.', '/')}.py" if what == "-m" else what
        if not (ROOT / file).exists():
            file = f"{rest[0]}/__main__.py"
        assert (ROOT / file).is_file(), file
        assert file.split("/")[0] in _copied()


def test_image_needs_nothing_but_what_it_holds(tmp_path: Path) -> None:
    """In a folder with the image's files and no others the worker comes as far as its first missing setting."""
    for source in _copied():
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        (tmp_path / source).parent.mkdir(exist_ok=True)
        copy(ROOT / source, tmp_path / source)
    result = _program(tmp_path, *_default_command()[1:], TEMPORAL_ADDRESS="127.0.0.1:1")
    checked = _program(tmp_path, "starter.py", "check-policy", "policies/standard.yaml")

    assert "worker: No Temporal server answers at 127.0.0.1:1" in result.stderr
    assert 0 == checked.returncode, checked.stderr


def _program(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={"DUNNING_DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_setup_is_a_command_of_the_starter() -> None:
    [_, program, command] = SERVICES["setup"]["command"]
    result = _run(program, command, "--help")

    assert 0 == result.returncode, result.stderr


def test_worker_is_given_time_to_drain() -> None:
    """Docker waits longer before it kills than the worker needs to finish its work in hand."""
    seconds = int(SERVICES["worker"]["stop_grace_period"].removesuffix("s"))

    assert worker.DRAIN.total_seconds() < seconds
