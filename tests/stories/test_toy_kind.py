"""A kind of step and a gate that nobody knew yesterday, through a whole case on the real server."""

import shutil
from pathlib import Path

from temporalio.client import Client

from domain.case import Outcome
from runtime.settings import ROOT
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import staged
from sandbox.providers.stripe_outcomes import Decline
from tests.toy import UNLUCKY, WaveActivities, toys

TIMELINE = """
timeline:
  - day: 1
    do: [charge, wave: call them]
  - day: 12
    do:
      - charge
      - remind: {channel: email, stage: final}
  - day: 25
    do: [wave, escalate]

retries:"""


def policies_with_a_wave(folder: Path) -> Path:
    """The shipped policies, and one for the segment `toy` that uses the new word."""
    shutil.copytree(ROOT / "policies", folder)
    head, _, rest = (folder / "standard.yaml").read_text().partition("timeline:\n")
    _, _, rest = rest.partition("retries:")
    toy = head.replace("name: standard", "name: toy").replace("[any]", "[toy]") + TIMELINE + rest
    (folder / "toy.yaml").write_text(toy)
    return folder


async def test_a_new_kind_and_a_new_gate_are_one_file_and_one_line_each(
    temporal: TemporalServer, client: Client, tmp_path: Path
) -> None:
    """tests/toy.py is the whole of them: policy, plan, activity, record and end know what to do with it."""
    assert client.namespace == temporal.namespace
    wave = WaveActivities()
    policies = policies_with_a_wave(tmp_path / "policies")
    with toys():
        async with staged(temporal.address, tmp_path, wave.wave, dunning_policies=policies) as stage:
            case = await stage.open(Decline("generic_decline"), amount=20_000, metadata={"segment": "toy"})
            result = await case.finish()
            record = stage.ledger.record(case.invoice)

    assert Outcome.COLLECTIONS is result.outcome
    assert [("d01-wave", "call them"), ("d25-wave", "a friendly word")] == wave.notes
    put_off = [entry for entry in record if entry.rule == UNLUCKY]
    assert ["d12-charge", "d12-remind-email-final"] == sorted(entry.step for entry in put_off)
    assert ["d12-remind-email-final:email"] == case.messages
    assert 2 == len(case.charges)
