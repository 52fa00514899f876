"""Policies, before cases follow them."""

from dataclasses import dataclass
from pathlib import Path

from domain.rules.law_table import LawTable
from gateways.policy_files import PolicyError, load_policy
from service.requests import Refused


@dataclass(frozen=True)
class WellFormed:
    """A policy that cases could follow."""

    name: str  # with its version
    steps: int
    days: int  # the last day of its timeline


def check(file: Path, law: LawTable) -> WellFormed:
    """Raises Refused with every mistake and its line, and with what is looser than the law."""
    try:
        policy = load_policy(file, law)
    except PolicyError as error:
        raise Refused(str(error)) from None
    steps = sum(len(entry.do) for entry in policy.timeline)
    return WellFormed(f"{policy.name}@{policy.version}", steps, policy.timeline[-1].day)
