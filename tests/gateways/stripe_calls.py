"""What the Stripe gateways ask for, read from their sources: a call that no test sends would go to Stripe unseen."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NAMES_WHAT = {"get", "newest", "every", "_page"}
"""Their first argument says what is done, for messages; that of `_post` is the API."""
_METHODS = dict.fromkeys(_NAMES_WHAT, "GET") | {"post": "POST", "_post": "POST", "delete": "DELETE"}
_NOT_SENT = {"key", "what"}


@dataclass(frozen=True)
class Written:
    """One call in a source: `METHOD path`, each id as `{}`.

    params:  those that it names.
    perhaps: those that its function puts together, for this call or for another one about the same.
    """

    place: str
    call: str
    params: frozenset[str]
    perhaps: frozenset[str]

    @property
    def about(self) -> str:
        return subject(self.call)


def subject(call: str) -> str:
    """`invoices`, of `POST invoices/{}/pay`."""
    return call.split(" ")[1].partition("/")[0]


def written(folder: Path) -> list[Written]:
    return [found for file in sorted(folder.glob("stripe_*.py")) for found in _in(file)]


def words(calls: list[Written]) -> set[str]:
    """The parts of paths that are no ids."""
    return {part for one in calls for part in one.call.split(" ")[1].split("/")} - {"{}"}


def _in(file: Path) -> Iterator[Written]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and (call := _call(node)):
                named = frozenset(keyword.arg for keyword in node.keywords if keyword.arg) - _NOT_SENT
                perhaps = _collected(function) if _is_open(node) else frozenset()
                yield Written(f"{file.name}:{node.lineno}", call, named, perhaps)


def _call(node: ast.Call) -> str | None:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    of_api = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in ("api", "self._api", "self")
    if name not in _METHODS or not (of_api or name == "_post"):
        return None
    path = node.args[1:] if name in _NAMES_WHAT or name == "_post" else node.args
    parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in path]
    if name == "_page":
        del parts[1:]  # its parameters, as a dict
    # What only hands a path on has none of its own.
    return f"{_METHODS[name]} {'/'.join(parts)}" if parts and parts[0] != "{}" else None


def _is_open(node: ast.Call) -> bool:
    """Whether parameters come by a name: `**more`, or the dict that `_page` is given."""
    return any(keyword.arg is None for keyword in node.keywords) or "_page" in ast.unparse(node.func)


def _collected(function: ast.FunctionDef) -> frozenset[str]:
    """The keys of the dicts that the function makes, without those of dicts in dicts."""
    dicts = [node for node in ast.walk(function) if isinstance(node, ast.Dict)]
    inner = {id(value) for one in dicts for value in one.values}
    keys = [key for one in dicts if id(one) not in inner for key in one.keys]
    stores = [node.slice for node in ast.walk(function) if isinstance(node, ast.Subscript) and _is_stored(node)]
    return frozenset(str(key.value) for key in [*keys, *stores] if isinstance(key, ast.Constant))


def _is_stored(node: ast.Subscript) -> bool:
    return isinstance(node.ctx, ast.Store)
