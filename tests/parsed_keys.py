"""Finds where a key or an id is taken apart. An identity is compared and passed on; its letters mean nothing."""

import ast
import re
from collections.abc import Iterator

_IDENTITY = re.compile(r"(\w+_)?(key|id)|step")
_TAKES_APART = frozenset(
    {"startswith", "endswith", "split", "rsplit", "partition", "rpartition", "removeprefix", "removesuffix"}
    | {"find", "rfind", "index", "rindex", "count", "strip", "lstrip", "rstrip", "replace", "translate"}
)
_MATCHES = frozenset({"match", "fullmatch", "search", "findall", "finditer", "split", "sub"})


def parsed_keys(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each place: a string's own methods, a slice or a letter, a part looked for, a pattern."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.expr) and _takes_apart(node):
            yield node.lineno, ast.unparse(node)


def _takes_apart(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=asked, attr=method), args=given):
            by_method = method in _TAKES_APART and _is_identity(asked)
            return by_method or (method in _MATCHES and any(map(_is_identity, given)))
        case ast.Subscript(value=asked, slice=ast.Slice() | ast.Constant(value=int()) | ast.UnaryOp()):
            return _is_identity(asked)
        case ast.Compare(left=ast.Constant(value=str()) | ast.JoinedStr(), ops=[ast.In() | ast.NotIn()]):
            return _is_identity(node.comparators[0])
    return False


def _is_identity(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return _is_identity(inner)
        case ast.BoolOp(values=values):  # `(seen.key or "")`
            return any(map(_is_identity, values))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(_IDENTITY.fullmatch(name.lstrip("_")))
    return False
