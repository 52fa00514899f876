"""The commands a workflow can give, read from its source and held against a committed baseline."""

import ast
import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
BASELINE = ROOT / "tests" / "fingerprints" / "dunning.json"

# Calls that write commands into the history, or that decide which commands are written.
COMMANDS = frozenset(
    {
        "start_activity_method",
        "execute_activity_method",
        "execute_local_activity_method",
        "start_child_workflow",
        "execute_child_workflow",
        "wait_condition",
        "sleep",
        "upsert_search_attributes",
        "upsert_memo",
        "continue_as_new",
        "patched",
        "deprecate_patch",
        "uuid4",
        "random",
    }
)

RUNBOOK = """
The commands of the case workflow changed, and cases that sleep today would meet the new code in the middle.
1. If replay cannot notice (a new summary, a renamed variable, a command that no open case can reach): take the new
   fingerprint over, as below.
2. If the order or kind of commands of a running case changes: guard the new way with `workflow.patched(NAME)`, list
   NAME in workflows/patches.py, run tests/test_replay.py, then take the fingerprint over.
Take over: python -m tests.test_fingerprint
"""


def fingerprint() -> dict[str, list[str]]:
    """Command-making calls by method, in the order of the source, with the activity and the options they name."""
    tree = ast.parse((ROOT / "workflows" / "dunning.py").read_text())
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = [_command(call) for call in ast.walk(node) if isinstance(call, ast.Call)]
            if commands := [call for call in calls if call]:
                found[node.name] = commands
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "_ACTIVITIES" and node.value:
            assert isinstance(node.value, ast.Dict)
            found["_ACTIVITIES"] = [ast.unparse(value) for value in node.value.values]
    return found


def _command(call: ast.Call) -> str | None:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in COMMANDS:
        return None
    keywords = sorted(k.arg for k in call.keywords if k.arg and k.arg not in ("summary", "timeout_summary"))
    return f"{call.func.attr}({', '.join(keywords)})"


def test_the_commands_are_those_of_the_baseline() -> None:
    """A change that would break replay cannot pass unnoticed."""
    assert json.loads(BASELINE.read_text()) == fingerprint(), RUNBOOK


def test_the_fingerprint_notices_a_new_command() -> None:
    """The check can fail: each of the workflow's commands is in it."""
    commands = {call.split("(")[0] for calls in fingerprint().values() for call in calls}

    assert {"start_activity_method", "wait_condition", "upsert_search_attributes", "continue_as_new"} <= commands


if __name__ == "__main__":
    BASELINE.parent.mkdir(exist_ok=True)
    BASELINE.write_text(json.dumps(fingerprint(), indent=2) + "\n")
