"""The policies of the lives: the shipped ones, and variants of the standard one that use other switches."""

from pathlib import Path
from shutil import copytree

from runtime.settings import ROOT

_BRIEF = """timeline:
  - day: 1
    do: [charge, {remind: {channel: email, stage: friendly}}]
  - day: 2
    do: [charge, {remind: {channel: sms, stage: reminder}}, {call: {valid_days: 9}}]
  - day: 4
    do: [charge, {restrict: read_only}]
  - day: 5
    do: [{remind: {channel: email, stage: final}}, {remind: {channel: notice, stage: final}}]
  - day: 9
    do: [cancel_subscription, escalate]

"""


def write_policies(folder: Path) -> None:
    """A policy for each segment, in a folder with all that belongs to policies."""
    copytree(ROOT / "policies", folder, dirs_exist_ok=True)
    standard = (folder / "standard.yaml").read_text(encoding="utf-8")
    before, _, rest = standard.partition("timeline:\n")
    after = rest[rest.index("retries:") :]
    brief = before + _BRIEF + after
    variants = {
        "brief": brief.replace("notice_days: 7", "notice_days: 3").replace("max_per_day: 1", "max_per_day: 2"),
        "tight": brief.replace("notice_days: 7", "notice_days: 4").replace(
            "  access_notice_days: 2", "  access_notice_days: 1\n  per_week: 2\n  distance: P2D"
        ),
        "harsh": standard.replace("do_not_honor: retry_later", "do_not_honor: new_method").replace(
            "catch_up: latest", "catch_up: all\ncancelled_subscription: go_on"
        ),
    }
    for name, text in variants.items():
        named = text.replace("name: standard", f"name: {name}").replace("segments: [any]", f"segments: [{name}]")
        (folder / f"{name}.yaml").write_text(named, encoding="utf-8")
