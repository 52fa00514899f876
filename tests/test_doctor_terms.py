"""The doctor looks at the merchant's part of the terms before a customer does."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateways.ledger.database import upgrade_schema
from sandbox.machine.environment import stand_in_environment
from sandbox.providers.world import ProviderWorld
from tests.installation import Installation, a_fee, the_terms


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    upgrade_schema(f"sqlite:///{tmp_path / 'ledger.db'}")
    with ProviderWorld() as world:
        yield Installation(world, tmp_path, stand_in_environment("127.0.0.1:9", world, tmp_path))


def a_folder(here: Installation) -> None:
    the_terms("segments: {}")(here)
    (here.folder / "policies" / "terms.yaml").unlink()
    (here.folder / "policies" / "terms.yaml").mkdir()


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (
            the_terms("segments: {}", "terms.yml"),
            "terms.yml: it is not read: the merchant's part of the terms is a file of",
        ),
        (a_folder, "terms.yaml: it is not read: the merchant's"),
        (the_terms("segments: [any"), "terms.yaml:1: "),
        (the_terms("segments: {any: {due_day: 30}}"), "terms.yaml:1: segments.any.due_day: "),
        (the_terms(a_fee("After 30 days we add <fee>.")), "segments.any.late_fee.en: '<fee>' is a placeholder, and"),
        (the_terms(a_fee("TODO")), "segments.any.late_fee.en: 'TODO' is a placeholder, and"),
        (the_terms(a_fee("We add {{ amount }}.")), "'{{ amount }}' is a placeholder"),
    ],
)
def test_terms_that_nobody_could_show_are_a_fault(
    here: Installation, plant: Callable[[Installation], None], said: str
) -> None:
    plant(here)

    bad = here.bad("terms")

    assert ["terms"] == list(bad)
    assert said in bad["terms"]
    assert "\n" not in bad["terms"]


def test_without_a_file_of_ones_own_the_shipped_one_is_read(here: Installation) -> None:
    the_terms("segments: {}")(here)
    shutil.move(here.folder / "policies" / "terms.yaml", here.folder / "elsewhere.yaml")

    assert {} == here.bad("terms")


def test_the_terms_are_named_with_what_they_leave_open(here: Installation) -> None:
    """None of it is wrong: a segment may be the terms' own, and a version is kept from the first time it is read."""
    the_terms(a_fee("After 30 days we add 40 EUR.", segment="pro"))(here)

    said = here.said("terms")

    assert {} == here.bad("terms")
    for part in (
        r"versions in force: any [0-9a-f]{16} \(nobody has asked yet\), pro [0-9a-f]{16} ",
        "any says no due_days, no methods",
        "pro can be read in en only, as its late_fee is said in them",
        "no policy names pro: terms.yaml alone does",
    ):
        assert re.search(part, said)
