"""A merchant's own folder of policies, as it is mounted beside a release: what it lacks comes with the release."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateways.policy_files import PolicyError
from runtime import wiring
from runtime.doors import doors
from runtime.settings import SHIPPED, Settings, SettingsError

NOTHING = "no policy (*.yaml) is in this folder: set DUNNING_POLICIES to the right one."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One policy, and nothing else."""
    folder = tmp_path / "policies"
    folder.mkdir()
    shutil.copy(SHIPPED / "standard.yaml", folder)
    return folder


@pytest.fixture
def own(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"dunning_policies": folder})


async def test_policies_alone_are_enough(own: Settings, folder: Path) -> None:
    """A new release brings new tables and texts by itself."""
    assert ["standard"] == [policy.name for policy in wiring.policy_store(own).policies]
    assert (SHIPPED / "rules", (SHIPPED / "messages",)) == (own.rules_folder, own.messages_folders)
    assert wiring.activities(own)
    async with doors(own):
        pass

    for name in ("rules", "messages"):
        (folder / name).mkdir()
    assert (folder / "rules", (SHIPPED / "messages", folder / "messages")) == (own.rules_folder, own.messages_folders)


def without_policies(folder: Path) -> None:
    """As Docker makes it where there was none to be mounted."""
    (folder / "standard.yaml").unlink()


def missing(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize("spoil", [without_policies, missing])
async def test_a_folder_without_policies_stops_worker_and_web(
    own: Settings, folder: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(folder)

    with pytest.raises(PolicyError) as worker:
        wiring.activities(own)
    with pytest.raises(SettingsError) as web:
        async with doors(own):
            pass

    assert [f"{folder}: {NOTHING}"] * 2 == [str(worker.value), str(web.value)]


async def test_a_policy_that_cannot_be_read_stops_the_web_process_and_no_case_that_runs(
    own: Settings, folder: Path
) -> None:
    """The worker has the policies of its cases from the ledger."""
    (folder / "standard.yaml").write_text("name: [", "utf-8")

    with pytest.raises(SettingsError, match=r"standard\.yaml:1: the YAML cannot be read"):
        async with doors(own):
            pass
    assert wiring.activities(own)


async def test_a_table_of_ones_own_that_cannot_be_read_stops_both(own: Settings, folder: Path) -> None:
    shutil.copytree(SHIPPED / "rules", folder / "rules")
    (folder / "rules" / "networks.yaml").write_text("edition: soon\n", "utf-8")
    said = r"networks\.yaml:1: (?s:.*)DUNNING_POLICIES names the folder that is read\."

    with pytest.raises(SettingsError, match=said):
        wiring.activities(own)
    with pytest.raises(SettingsError, match=said):
        async with doors(own):
            pass
