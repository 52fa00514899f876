"""The policies of a folder: YAML files, read once, checked whole."""

import hashlib
import json
from pathlib import Path

from domain.policy import Policy
from domain.rules.law_table import NO_TABLE, LawTable
from domain.rules.looser import looser
from gateways.brand import FILE as BRAND
from gateways.terms_file import FILE as TERMS
from gateways.yaml_files import FileError, YamlFile

ANY_SEGMENT = "any"


class PolicyError(Exception):
    """A policy is wrong or unknown. One sentence per problem; those of a file name it, the line and the key."""


def load_policy(path: Path | str, law: LawTable = NO_TABLE) -> Policy:
    """Reads one policy. Raises PolicyError with every problem of the file, and where it is looser than the law."""
    try:
        file = YamlFile(Path(path))
        policy = file.as_model(Policy)
    except FileError as error:
        raise PolicyError(str(error)) from None
    if found := [file.told(wrong.at, wrong.why) for wrong in looser(policy, law)]:
        raise PolicyError("\n".join(found))
    return policy


def policy_digest(policy: Policy) -> str:
    """16 hexadecimal digits that are the same for the same content, whatever the file's layout and comments."""
    text = json.dumps(policy.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def policy_files(folder: Path | str) -> list[Path]:
    """The files of a folder's policies (`*.yaml`, without its subfolders). Raises PolicyError when there is none."""
    files = sorted(file for file in Path(folder).glob("*.yaml") if file.name not in (BRAND, TERMS))
    if not files:
        raise PolicyError(f"{folder}: no policy (*.yaml) is in this folder: set DUNNING_POLICIES to the right one.")
    return files


class PolicyStore:
    """Every policy of a folder (`*.yaml`, without its subfolders). Raises PolicyError when one of them is wrong."""

    def __init__(self, folder: Path | str, law: LawTable = NO_TABLE) -> None:
        files = policy_files(folder)
        self._folder = folder
        self._by_name: dict[str, Policy] = {}
        self._by_segment: dict[tuple[str, bool], Policy] = {}  # segment, and whether it is for sent invoices
        sources: dict[str, Path] = {}
        for file in files:
            policy = load_policy(file, law)
            if policy.name in sources:
                raise PolicyError(f"{file}: the name {policy.name} is taken by {sources[policy.name]}: choose another.")
            sources[policy.name] = file
            self._by_name[policy.name] = policy
            for segment in policy.segments:
                if other := self._by_segment.get((segment, policy.sent_invoices)):
                    raise PolicyError(
                        f"{file}: the segment {segment} belongs to {sources[other.name]}: leave it in one of the two."
                    )
                self._by_segment[segment, policy.sent_invoices] = policy

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All of them, by name."""
        return tuple(self._by_name[name] for name in sorted(self._by_name))

    def get(self, name: str) -> Policy:
        """The policy with this name."""
        if policy := self._by_name.get(name):
            return policy
        known = ", ".join(sorted(self._by_name))
        raise PolicyError(f"There is no policy {name!r} in {self._folder}: use {known}.")

    @property
    def segments(self) -> frozenset[str]:
        """Those that a policy names."""
        return frozenset(segment for segment, _ in self._by_segment)

    def for_segment(self, segment: str, *, sent: bool = False) -> Policy:
        """The policy for customers of this segment, else the one for any segment.

        `sent`: for an invoice that was sent to be paid by a date. Where no policy is for those it is the one for the
        others, which does not admit it.
        """
        for wanted in (sent, False):
            for name in (segment, ANY_SEGMENT):
                if policy := self._by_segment.get((name, wanted)):
                    return policy
        raise PolicyError(
            f"No policy in {self._folder} is for the segment {segment!r}: add it, or {ANY_SEGMENT}, to a policy."
        )
