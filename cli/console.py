"""The command line's side of failure: one sentence on stderr and an exit code, never a traceback."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer
from pydantic import ValidationError

from domain.base import Message
from domain.sentences import Loc, sentence
from domain.texts import one_line
from runtime.settings import Settings, SettingsError, load_settings

REFUSED = 1
"""The exit code when a record, an order or a question was refused."""
UNUSABLE = 2
"""The exit code when the installation, its settings or the command itself is wrong."""
INTERRUPTED = 130
"""The exit code after Ctrl-C: what was ordered before may go on."""
_ENTRANCE, _OF_A_CHECKOUT = "dunning", "python starter.py"

T = TypeVar("T")
M = TypeVar("M", bound=Message)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Ends the program with a sentence and a code for everything that a user can have caused."""
    try:
        yield
    except typer.Exit:
        raise
    except SettingsError as error:
        raise fail(str(error), UNUSABLE) from None
    except Exception as error:
        # Loaded only now: it knows the errors of every system, and a list that asks the ledger alone has to be quick.
        from service.errors import Blame, explained  # noqa: PLC0415

        problem = explained(error)
        if problem is None:
            raise
        refused = problem.blame in (Blame.REFUSED, Blame.OVERTAKEN, Blame.UNKNOWN)
        raise fail(problem.sentence, REFUSED if refused else UNUSABLE) from None


def fail(sentence: str, code: int) -> typer.Exit:
    # It may repeat what was typed, and a terminal obeys control characters.
    print("\n".join(map(one_line, as_called(sentence).split("\n"))), file=sys.stderr)
    return typer.Exit(code)


def as_called(sentence: str) -> str:
    """Names the commands in a sentence by the entrance through which this one came."""
    if Path(sys.argv[0]).name != _ENTRANCE:
        return sentence
    return sentence.replace(_OF_A_CHECKOUT, _ENTRANCE)


def told(as_json: bool, sentence: str, **facts: object) -> None:
    """Says what was done: to a person, or as one JSON object to a program."""
    print(json.dumps(facts, default=str) if as_json else as_called(sentence))


def run(work: Callable[[Settings], Coroutine[Any, Any, T]]) -> T:
    """Runs a command with the settings of the environment."""
    with one_sentence():
        return asyncio.run(work(load_settings()))


def read_bytes(file: str) -> bytes:
    """What is in a file; `-` is stdin."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise fail(f"{file} cannot be read ({error.strerror}): check its name.", UNUSABLE) from None


def message(kind: type[M], **values: object) -> M:
    """A message to a case, of what a user wrote as options."""
    with option_names():
        return kind.model_validate(values)


@contextmanager
def option_names() -> Iterator[None]:
    """Names the option whose value a message to a case cannot hold."""
    try:
        yield
    except ValidationError as error:
        raise fail(sentence(error, place=_option), UNUSABLE) from None


def _option(loc: Loc) -> str:
    return f"--{str(loc[0]).replace('_', '-')} cannot be taken" if loc else ""
