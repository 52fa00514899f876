"""A folder of policies: each has its name and its segments, and a case keeps the one that it began with."""

from pathlib import Path

import pytest

from domain.policy import Policy
from gateways.policy_files import PolicyError, PolicyStore, load_policy, policy_digest
from tests.gateways.test_policy_files import GOOD, POLICIES, write


def test_the_shipped_folder_has_the_standard_policy() -> None:
    """It is the one for every segment that has none of its own."""
    store = PolicyStore(POLICIES)

    assert isinstance(store.get("standard"), Policy)
    assert store.get("standard") == store.for_segment("any") == store.for_segment("enterprise")


def test_a_segment_has_its_own_policy(tmp_path: Path) -> None:
    """The others fall to the one for any."""
    write(tmp_path, GOOD)
    write(tmp_path, GOOD.replace("name: short", "name: vip\nsegments: [vip, partner]"), "vip.yaml")
    store = PolicyStore(tmp_path)

    assert ["vip", "vip", "short"] == [store.for_segment(name).name for name in ("vip", "partner", "retail")]


def test_sent_invoices_have_a_policy_of_their_own(tmp_path: Path) -> None:
    """R2: of the same segment. Without one it is that for the others, by which they become no cases."""
    write(tmp_path, GOOD.replace("name: short", "name: vip\nsegments: [vip]"), "vip.yaml")
    write(tmp_path, GOOD)
    without = PolicyStore(tmp_path).for_segment("vip", sent=True)

    shipped = PolicyStore(POLICIES)

    assert "vip" == without.name
    assert ["standard", "sent-invoices"] == [shipped.for_segment("any", sent=sent).name for sent in (False, True)]


def test_an_unknown_policy_lists_the_known_ones(tmp_path: Path) -> None:
    """So that a typing error is corrected at once."""
    write(tmp_path, GOOD)

    with pytest.raises(PolicyError, match=r"There is no policy 'shrt' in .*: use short\."):
        PolicyStore(tmp_path).get("shrt")


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (GOOD, "the name short is taken by"),
        (GOOD.replace("name: short", "name: other"), "the segment any belongs to"),
        (GOOD.replace("version: 1", "version: 0"), "second.yaml:2: version: '0' is not allowed"),
    ],
)
def test_two_policies_never_claim_the_same(tmp_path: Path, second: str, expected: str) -> None:
    """A folder is taken whole or not at all."""
    write(tmp_path, GOOD)
    write(tmp_path, second, "second.yaml")

    with pytest.raises(PolicyError, match=expected):
        PolicyStore(tmp_path)


def test_a_folder_without_policies_says_so(tmp_path: Path) -> None:
    """It names the setting."""
    with pytest.raises(PolicyError, match="set DUNNING_POLICIES"):
        PolicyStore(tmp_path)


def test_a_store_without_a_policy_for_everyone_says_whom_it_misses(tmp_path: Path) -> None:
    """No case is opened under a policy that was not meant for it."""
    write(tmp_path, GOOD.replace("name: short", "name: short\nsegments: [vip]"))

    with pytest.raises(PolicyError, match="is for the segment 'retail': add it, or any, to a policy"):
        PolicyStore(tmp_path).for_segment("retail")


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    """Comments and layout do not change it, a value does."""
    policy = load_policy(write(tmp_path, GOOD))
    same = load_policy(write(tmp_path, "# A comment.\n" + GOOD.replace("[charge]", '["charge"]')))
    other = load_policy(write(tmp_path, GOOD.replace("version: 1", "version: 2")))

    assert 16 == len(policy_digest(policy))
    assert policy_digest(policy) == policy_digest(same) != policy_digest(other)
