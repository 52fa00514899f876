"""The commands that each workflow can give, read from the source in its order, beside a committed baseline.

The baseline is `tests/fingerprints/NAME.json`. Take the present source over: `python -m tests.fingerprint`
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORKFLOWS = ROOT / "workflows"
BASELINES = ROOT / "tests" / "fingerprints"

RUNBOOK = """
The commands of a workflow changed, and cases that sleep today will meet the new code in the middle.
1. No open case can notice (a new workflow, a renamed function, a command that none has come to): take it over.
2. Else put the new way behind `if workflow.patched(NAME)` and list NAME in workflows/patches.py, then take it over.
3. Either way the recorded cases decide: python -m pytest tests/test_replay.py
Take over: python -m tests.fingerprint (and commit tests/fingerprints)
"""

Fingerprint = dict[str, list[str]]
"""`handlers` and `commands` of one workflow, each in the order of the source."""

# Commands by their name, whoever is asked to give them.
_COMMAND = re.compile(
    r"(start|execute)_((local_)?activity(_class|_method)?|child_workflow|operation)|wait_condition|upsert_\w+"
    r"|continue_as_new|patched|deprecate_patch|get_external_workflow_handle(_for)?"
)
# What only counts as `workflow.` or `asyncio.`: it makes timers, draws from the history, or orders the commands.
_TIMED = frozenset(
    {"sleep", "wait", "wait_for", "timeout", "timeout_at", "gather", "as_completed", "create_task", "TaskGroup"}
    | {"random", "uuid4"}
)
_ON_HANDLES = frozenset({"cancel", "signal"})
_WITH_TARGET = re.compile(r"(start|execute)_\w+|patched|deprecate_patch|get_external_workflow_handle(_for)?")
_HANDLERS = frozenset({"run", "signal", "query", "update"})
_SET_HANDLER = re.compile(r"set_(dynamic_)?(signal|query|update)_handler")
_NOT_IN_HISTORY = frozenset({"summary", "timeout_summary"})


def fingerprints(folder: Path = WORKFLOWS) -> dict[str, Fingerprint]:
    """The fingerprint of every workflow of the package in `folder`, by the workflow's name.

    Counted are its own class and all that stands beside it or in a module of the package that it imports, but for
    other workflows.
    """
    modules = {module.name: module for module in _modules(folder)}
    found: dict[str, Fingerprint] = {}
    for module in modules.values():
        for name, own in module.workflows.items():
            read = [_Reader(each, own) for each in _with_imports(module, modules)]
            found[name] = {
                "handlers": [line for reader in read for line in reader.in_order(reader.handlers)],
                "commands": [line for reader in read for line in reader.in_order(reader.commands)],
            }
    return found


def baselines(folder: Path = BASELINES) -> dict[str, Fingerprint]:
    """The committed fingerprints, by workflow."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def differences(committed: Mapping[str, Fingerprint], found: Mapping[str, Fingerprint]) -> list[str]:
    """A line for each workflow whose source is not that of its baseline; empty when all are."""
    lines = [f"{name}: no baseline" for name in sorted(found.keys() - committed.keys())]
    lines += [f"{name}: no workflow" for name in sorted(committed.keys() - found.keys())]
    for name in sorted(committed.keys() & found.keys()):
        for part in ("handlers", "commands"):
            was, now = committed[name][part], found[name][part]
            lines += [f"{name}: gone: {line}" for line in was if line not in now]
            lines += [f"{name}: new: {line}" for line in now if line not in was]
            if sorted(was) == sorted(now) and was != now:
                lines.append(f"{name}: {part} in another order")
            elif set(was) == set(now) and was != now:
                lines.append(f"{name}: {part} more or less often")
    return lines


def take_over(source: Path = WORKFLOWS, folder: Path = BASELINES) -> None:
    """Makes the present source the baseline."""
    folder.mkdir(exist_ok=True)
    found = fingerprints(source)
    for file in folder.glob("*.json"):
        if file.stem not in found:
            file.unlink()
    for name, fingerprint in found.items():
        (folder / f"{name}.json").write_text(json.dumps(fingerprint, indent=2) + "\n")


@dataclass
class _Module:
    name: str
    tree: ast.Module
    full_names: dict[str, str] = field(default_factory=dict)  # what a name that was imported stands for
    workflows: dict[str, ast.ClassDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                self.full_names |= {alias.asname or alias.name: alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                package = self.name.split(".")[: -node.level] if node.level else []
                base = ".".join([*package, *([node.module] if node.module else [])])
                self.full_names |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef) and (name := self._workflow_name(node)):
                self.workflows[name] = node

    def full_name(self, node: ast.expr) -> str:
        """`wf.sleep` as `temporalio.workflow.sleep`, whatever the module calls it."""
        if isinstance(node, ast.Attribute):
            return f"{self.full_name(node.value)}.{node.attr}"
        return self.full_names.get(node.id, node.id) if isinstance(node, ast.Name) else "?"

    def _workflow_name(self, node: ast.ClassDef) -> str | None:
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if self.full_name(call.func if call else decorator) == "temporalio.workflow.defn":
                given = {word.arg: word.value for word in call.keywords} if call else {}
                return ast.literal_eval(given["name"]) if "name" in given else node.name
        return None


def _modules(folder: Path) -> Iterator[_Module]:
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder.parent).with_suffix("").parts
        yield _Module(".".join(parts), ast.parse(file.read_text(encoding="utf-8")))


def _with_imports(start: _Module, modules: Mapping[str, _Module]) -> list[_Module]:
    """The module, then those of the package that it imports, also indirectly, by name."""
    found, todo = {start.name: start}, [start]
    while todo:
        for full in todo.pop().full_names.values():
            for name in (full, full.rpartition(".")[0]):
                if name in modules and name not in found:
                    found[name] = modules[name]
                    todo.append(modules[name])
    return [start, *(found[name] for name in sorted(found) if name != start.name)]


class _Reader(ast.NodeVisitor):
    """Collects what one module contributes to the workflow `own`, each with its place in the source."""

    def __init__(self, module: _Module, own: ast.ClassDef) -> None:
        self.commands: list[tuple[int, int, str]] = []
        self.handlers: list[tuple[int, int, str]] = []
        self._module = module
        self._own = own
        self._scope = [module.name.rpartition(".")[2]]
        self._told: set[ast.expr] = set()  # targets that stand in the line of their command
        self.visit(module.tree)

    @staticmethod
    def in_order(found: list[tuple[int, int, str]]) -> list[str]:
        return [line for _, _, line in sorted(found)]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if node is self._own or node not in self._module.workflows.values():
            self._within(node.name, node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self._handler(decorator, node.name)
        self._within(node.name, node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Call(self, node: ast.Call) -> None:
        if name := self._command(node.func):
            self._told.add(node.func)
            targets = node.args[:1] if _WITH_TARGET.fullmatch(name) or name == "signal" else []
            if name in _ON_HANDLES and isinstance(node.func, ast.Attribute):
                targets = [node.func.value, *targets]
            self._told.update(targets)
            words = [name, *map(ast.unparse, targets)]
            words += [f"id={ast.unparse(word.value)}" for word in node.keywords if word.arg == "id"]
            options = sorted(word.arg or f"**{ast.unparse(word.value)}" for word in node.keywords)
            options = [option for option in options if option not in _NOT_IN_HISTORY | {"id"}]
            self._add(node.func, " ".join([*words, *([f"[{', '.join(options)}]"] if options else [])]))
        elif isinstance(node.func, ast.Attribute) and _SET_HANDLER.fullmatch(node.func.attr):
            target = node.args[0] if node.args else node
            self._at(self.handlers, node.func, f"{node.func.attr} {ast.unparse(target)}")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node not in self._told:
            of_activity = self._module.full_name(node).startswith("activities.")
            of_child = node.attr == "run"
            if (of_activity or of_child) and ast.unparse(node.value)[0].isupper():
                self._add(node, f"names {ast.unparse(node)}")
            elif self._command(node) and node.attr not in _ON_HANDLES:
                self._add(node, f"passes on {ast.unparse(node)}")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        full = self._module.full_name(node)
        if node in self._told:
            return
        if self._command(node):
            self._add(node, f"passes on {node.id}")
        elif full.startswith("activities.") and node.id.islower():
            self._add(node, f"names {node.id}")

    def _within(self, name: str, node: ast.AST) -> None:
        self._scope.append(name)
        self.generic_visit(node)
        self._scope.pop()

    def _command(self, called: ast.expr) -> str | None:
        """The command that a call of this makes, or None."""
        full = self._module.full_name(called)
        owner, _, name = full.rpartition(".")
        if owner in ("temporalio.workflow", "asyncio"):
            return name if name in _TIMED or _COMMAND.fullmatch(name) else None
        if isinstance(called, ast.Attribute) and (name in _ON_HANDLES or _COMMAND.fullmatch(name)):
            return name
        return None

    def _handler(self, decorator: ast.expr, method: str) -> None:
        call = decorator if isinstance(decorator, ast.Call) else None
        owner, _, kind = self._module.full_name(call.func if call else decorator).rpartition(".")
        if owner != "temporalio.workflow" or kind not in _HANDLERS:
            return
        given = {word.arg: ast.unparse(word.value) for word in call.keywords} if call else {}
        name = "any" if "dynamic" in given else given.get("name", repr(method)).strip("'")
        self._at(self.handlers, decorator, f"{kind} {name}{'' if name == method else f' by {method}'}")

    def _add(self, node: ast.expr, what: str) -> None:
        self._at(self.commands, node, f"{'.'.join(self._scope)}: {what}")

    @staticmethod
    def _at(found: list[tuple[int, int, str]], node: ast.expr, line: str) -> None:
        # By its end: there stands the name that is called, also at the end of a chain.
        found.append((node.end_lineno or 0, node.end_col_offset or 0, line))


if __name__ == "__main__":
    take_over()
