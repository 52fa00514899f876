"""YAML files into models, with errors that name the file, the line, the key and what is allowed."""

from collections.abc import Mapping, Sequence
from copy import copy
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from domain.sentences import Loc, Problem, problems
from domain.texts import one_line
from gateways.codes import CODES

M = TypeVar("M", bound=BaseModel)

_STANDARD = "tag:yaml.org,2002:"
_LONGEST = 250  # of a key's path, and of what is said about it
# Dates and times, `=` and `<<` are plain text: what they mean is the model's business.
_TEXT = {"str", "timestamp", "value", "merge"}


class FileError(Exception):
    """A data file is wrong. One sentence per problem, each on a line of its own."""


def read_model(path: Path, model: type[M]) -> M:
    """Reads one YAML file into `model`. Raises FileError with every problem found."""
    return YamlFile(path).as_model(model)


def layered(paths: Sequence[Path]) -> "YamlFile":
    """Files over each other, the highest last. Raises FileError."""
    lowest, *above = map(YamlFile, paths)
    for file in above:
        lowest = file.over(lowest)
    return lowest


@lru_cache(maxsize=512)
def _composed(text: str) -> Node | None:
    """The tree of a text: most of the time of reading a file, and each segment's brand reads the same files."""
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    return node


class YamlFile:
    """The plain values of a YAML 1.2 file, and the line of each. Raises FileError for what is not plain.

    Numbers with a point are decimals, keys are text as it is written, and a key that stands twice is an error.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._yaml = YAML(typ="safe", pure=True)
        self._lines: dict[Loc, int] = {}
        self._under: YamlFile | None = None
        self._problems: list[str] = []
        self._at: Loc = ()  # where in the file its values stand
        self.data: Any = self._plain(self._compose(), (), ())
        if self._problems:
            raise FileError("\n".join(self._problems))

    def as_model(self, model: type[M]) -> M:
        """The whole file as a model. Raises FileError with every problem found."""
        if not isinstance(self.data, dict):
            text = f"the file has to consist of keys and values; use {', '.join(model.model_fields)}"
            raise FileError(self.told((), text))
        try:
            return model.model_validate(self.data, context=CODES)
        except ValidationError as error:
            found = [self._sentence(each) for each in problems(error, model, values=True)]
            raise FileError("\n".join(dict.fromkeys(found))) from None

    def with_defaults(self, values: Mapping[str, Any]) -> Self:
        """The file with these values where it has no such key of its own."""
        return self._holding({**values, **self.data} if isinstance(self.data, dict) else self.data)

    def without(self, key: str) -> Self:
        """The file as if it had no such key."""
        is_mapping = isinstance(self.data, dict)
        return self._holding({k: v for k, v in self.data.items() if k != key}) if is_mapping else self

    def part(self, at: Loc, whole: "YamlFile") -> Self:
        """What `whole` says in this place, over what this file says, key by key. A problem is told at that place."""
        data: Any = whole.data
        for key in at:
            data = data[key]
        found = self._holding(_merged(self.data, data))
        found._at = at
        return found

    def over(self, under: "YamlFile") -> Self:
        """What `under` says, with what this file says in its place, key by key. A problem names the file it is in."""
        found = self._holding(_merged(under.data, self.data))
        found._under = under
        return found

    def _holding(self, data: Any) -> Self:
        found = copy(self)
        found.data = data
        return found

    def says(self, loc: Loc) -> bool:
        """Whether this file, or one under it, has such a place, or one within it."""
        return self._says((*self._at, *loc))

    def told(self, loc: Loc, text: str) -> str:
        """What is wrong at a place: `file:line: key: text`."""
        return self._sentence(Problem(loc, text))

    def _sentence(self, problem: Problem) -> str:
        problem = problem._replace(loc=(*self._at, *problem.loc))
        if self._under and problem.loc not in self._lines and self._under._says(problem.loc):
            return self._under._sentence(problem)
        # What is not in the file is told where it should be: at the last part that is there.
        there = next(loc for n in range(len(problem.loc), -1, -1) if (loc := problem.loc[:n]) in self._lines)
        at = _path((*there, problem.loc[-1]) if problem.missing else there)
        # A key is of any length, and whatever stands in quotes may be of many lines.
        text = one_line(f"{at[:_LONGEST]}{': ' if at else ''}{problem.text[:_LONGEST]}")
        return f"{self._path}:{self._lines[there]}: {text}"

    def _says(self, loc: Loc) -> bool:
        """Whether this file has such a place, or one under it."""
        return loc in self._lines or (self._under is not None and self._under._says(loc))

    def _compose(self) -> Node:
        path = self._path
        try:
            node = _composed(path.read_text("utf-8"))
        except OSError as error:
            raise FileError(
                f"{path}: the file cannot be read ({error.strerror}): check its name and its rights"
            ) from None
        except UnicodeDecodeError:
            raise FileError(f"{path}: the file is not UTF-8 text: save it as UTF-8") from None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = f":{mark.line + 1}" if mark else ""
            raise FileError(f"{path}{line}: the YAML cannot be read: {one_line(str(error.problem))}") from None
        except YAMLError:
            raise FileError(f"{path}: the YAML cannot be read: it contains control characters") from None
        if node is None:
            raise FileError(f"{path}:1: the file is empty")
        return node

    def _plain(self, node: Node, loc: Loc, above: tuple[Node, ...]) -> Any:
        self._lines.setdefault(loc, node.start_mark.line + 1)  # of a key's value: the key's line
        name = str(node.tag).removeprefix(_STANDARD)
        if node in above:
            return self._wrong(loc, "the value contains itself; write it out in place of the alias")
        if isinstance(node, SequenceNode) and name == "seq":
            return [self._plain(item, (*loc, i), (*above, node)) for i, item in enumerate(node.value)]
        if isinstance(node, MappingNode) and name == "map":
            return self._mapping(node, loc, (*above, node))
        if isinstance(node, ScalarNode) and name in {*_TEXT, "null", "bool", "int", "float"}:
            return self._scalar(node, name)
        return self._wrong(loc, f"the tag {node.tag} is not allowed; write a plain value")

    def _mapping(self, node: MappingNode, loc: Loc, above: tuple[Node, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "?"
            inner = (*loc, name)
            before, self._lines[inner] = self._lines.get(inner), key.start_mark.line + 1
            if name in values:
                self._wrong(inner, f"the key stands in line {before} already; keep one of them")
            values[name] = self._plain(value, inner, above)
        return values

    def _scalar(self, node: ScalarNode, name: str) -> Any:
        try:
            match name:
                case "null":
                    return None
                case "bool":
                    return self._yaml.constructor.construct_yaml_bool(node)
                case "int":
                    return self._yaml.constructor.construct_yaml_int(node)
                case "float":
                    return Decimal(node.value)
        except (ValueError, ArithmeticError, LookupError):
            pass  # `.inf`, 5,000 digits, `!!bool perhaps`: the model is told the text, and refuses it
        return node.value

    def _wrong(self, loc: Loc, text: str) -> None:
        self._problems.append(self.told(loc, text))


def _merged(under: Any, over: Any) -> Any:
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    return under | {key: _merged(under[key], value) if key in under else value for key, value in over.items()}


def _path(loc: Loc) -> str:
    """`timeline[1].do[0].remind`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
