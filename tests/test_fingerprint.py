"""A change of what a workflow writes into its history cannot pass unnoticed."""

from pathlib import Path

import pytest

from tests.fingerprint import RUNBOOK, baselines, differences, fingerprints, take_over

WAIT = "await workflow.wait_condition(lambda: self.told, timeout=LIMIT, timeout_summary='why')"
CHARGE = "await workflow.execute_activity_method(Payments.charge, 1, start_to_close_timeout=LIMIT, summary='why')"
CHILD = "await workflow.start_child_workflow(PlanWorkflow.run, 1, id=plan_id(self.case))"
PATCH = "workflow.patched('second-look')"
HEAD = """
import asyncio
from asyncio import sleep
from temporalio import workflow
from activities.payments import Payments, refund
from workflows import helper

"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "workflows"
    folder.mkdir()
    write(folder)
    return folder


def write(folder: Path, *, body: str = f"{WAIT}\n{CHARGE}", name: str = "Case", more: str = "") -> None:
    """One module with one workflow, whose `run` has this body; `more` stands below it in the class."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    below = "\n".join(f"    {line}" for line in more.splitlines())
    text = f"@workflow.defn\nclass {name}:\n    @workflow.run\n    async def run(self):\n{lines}\n{below}\n"
    (folder / f"{name.lower()}.py").write_text(HEAD + text)


def commands(folder: Path, name: str = "Case") -> list[str]:
    return [line.partition(": ")[2] for line in fingerprints(folder)[name]["commands"]]


def changed(package: Path, body: str, more: str = "") -> list[str]:
    """What a new body of the workflow differs in from the one before."""
    before = fingerprints(package)
    write(package, body=body, more=more)
    return differences(before, fingerprints(package))


def test_every_workflow_gives_the_commands_of_its_baseline() -> None:
    """A change that would break replay cannot pass unnoticed."""
    assert [] == differences(baselines(), fingerprints()), RUNBOOK


def test_the_runbook_is_short_and_says_how_to_take_over() -> None:
    assert len(RUNBOOK.strip().splitlines()) <= 8
    assert "Take over: python -m tests.fingerprint" in RUNBOOK


def test_the_case_has_commands() -> None:
    """The reader finds something: a workflow without commands would pass for ever."""
    found = fingerprints()["DunningWorkflow"]

    assert any("activity" in line for line in found["commands"])
    assert any("upsert_search_attributes" in line for line in found["commands"])
    assert {"run run", "query status", "update name by carry_out"} <= set(found["handlers"])


def test_the_order_is_that_of_the_source(package: Path) -> None:
    """Nested functions, lambdas, tables and branches included: what stands above comes first."""
    body = f"""
def later():
    if self.told:
        {PATCH}
    return workflow.uuid4()
table = {{Payments.cancel: lambda: workflow.random(), refund: Payments.charge}}
{WAIT}
while True:
    {CHARGE}
await asyncio.gather(later(), sleep(3))
await self.handle.signal("go")
self.task.cancel()
workflow.continue_as_new(self.case)
"""
    write(package, body=body)

    assert [
        "patched 'second-look'",
        "uuid4",
        "names Payments.cancel",
        "random",
        "names refund",
        "names Payments.charge",
        "wait_condition [timeout]",
        "execute_activity_method Payments.charge [start_to_close_timeout]",
        "gather",
        "sleep",
        "signal self.handle 'go'",
        "cancel self.task",
        "continue_as_new",
    ] == commands(package)


NEW, GONE = "Case: new: case.Case.run: ", "Case: gone: case.Case.run: "
CHARGED = "execute_activity_method Payments.charge [start_to_close_timeout]"


@pytest.mark.parametrize(
    ("body", "noticed"),
    [
        (f"{CHARGE}\n{WAIT}", ["Case: commands in another order"]),
        (f"{WAIT}\n{CHARGE}\n{CHARGE}", ["Case: commands more or less often"]),
        (f"{WAIT}\n{CHARGE}\n{CHILD}", [f"{NEW}start_child_workflow PlanWorkflow.run id=plan_id(self.case)"]),
        (f"{PATCH}\n{WAIT}\n{CHARGE}", [f"{NEW}patched 'second-look'"]),
        (
            f"{WAIT}\n{CHARGE.replace('Payments.charge', 'refund')}",
            [GONE + CHARGED, NEW + CHARGED.replace("Payments.charge", "refund")],
        ),
        (
            f"{WAIT}\n{CHARGE.replace('summary', 'heartbeat_timeout')}",
            [GONE + CHARGED, NEW + CHARGED.replace("[", "[heartbeat_timeout, ")],
        ),
        (f"{WAIT}\n{CHARGE}\nhelper.do(workflow.start_activity)", [f"{NEW}passes on workflow.start_activity"]),
        (f"{WAIT}\n{CHARGE.replace('why', 'because')}", []),
    ],
    ids=["order", "number", "child", "patch", "target", "option", "passed-on", "summary-only"],
)
def test_a_change_of_commands_is_noticed(package: Path, body: str, noticed: list[str]) -> None:
    """What the history records, and nothing else."""
    assert noticed == changed(package, body)


@pytest.mark.parametrize(
    ("before", "after"),
    [("PlanWorkflow.run", "TermWorkflow.run"), ("plan_id(self.case)", "f'plan-{self.case}'")],
    ids=["child", "child-id"],
)
def test_another_child_or_child_id_is_noticed(package: Path, before: str, after: str) -> None:
    """Two ids are two cases: the new one would run beside the old one."""
    write(package, body=CHILD)
    line = "start_child_workflow PlanWorkflow.run id=plan_id(self.case)"

    assert [GONE + line, NEW + line.replace(before, after)] == changed(package, CHILD.replace(before, after))


def test_a_new_handler_is_noticed_by_its_registered_name(package: Path) -> None:
    more = "@workflow.signal(name='paid')\ndef on_paid(self): ...\n@workflow.query\ndef status(self): ..."

    found = changed(package, f"{WAIT}\n{CHARGE}", more)

    assert ["Case: new: signal paid by on_paid", "Case: new: query status"] == found


def test_a_helper_counts_for_the_workflow_that_imports_it(package: Path) -> None:
    """Also by way of another module; for a workflow that does not import it, it changes nothing."""
    (package / "helper.py").write_text("from workflows.deep import rest\n")
    (package / "alone.py").write_text("from temporalio.workflow import defn\n\n@defn(name='Alone')\nclass A: ...\n")
    before = fingerprints(package)
    (package / "deep.py").write_text(
        "from temporalio import workflow as wf\n\nasync def rest():\n    await wf.sleep(3)\n"
    )

    assert ["Case: new: deep.rest: sleep"] == differences(before, fingerprints(package))


def test_two_workflows_of_one_module_have_a_fingerprint_each(package: Path) -> None:
    """What one does is no change of the other."""
    before = fingerprints(package)
    second = "@workflow.defn(name='PlanWorkflow')\nclass Plan:\n    @workflow.run\n    async def go(self):\n"
    (package / "case.py").write_text(f"{(package / 'case.py').read_text()}\n{second}        {PATCH}\n")

    assert ["PlanWorkflow: no baseline"] == differences(before, fingerprints(package))
    assert ["patched 'second-look'"] == commands(package, "PlanWorkflow")


def test_a_workflow_without_a_baseline_and_a_baseline_without_a_workflow_are_noticed(
    package: Path, tmp_path: Path
) -> None:
    """Until they are taken over, which also clears away what is left of the workflow that is gone."""
    folder = tmp_path / "fingerprints"
    take_over(package, folder)
    (package / "case.py").unlink()
    write(package, name="Plan")
    assert ["Plan: no baseline", "Case: no workflow"] == differences(baselines(folder), fingerprints(package))

    take_over(package, folder)

    assert ["Plan.json"] == [file.name for file in folder.iterdir()]
    assert [] == differences(baselines(folder), fingerprints(package))
