"""The command line's side of failure: one sentence on stderr and an exit code, never a traceback."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import typer
from pydantic import ValidationError
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.base import Message
from domain.money import Money
from gateways.ledger.sql_ledger import SqlLedger
from gateways.marked_yaml import FileError
from gateways.policy_files import PolicyError
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from runtime import wiring
from runtime.intake import Intake
from runtime.operator import Operator, OperatorError
from runtime.set_up import require_schema
from runtime.settings import Settings, SettingsError, load_settings
from runtime.temporal import connect

REFUSED = 1
"""The exit code when a record, an order or a question was refused."""
UNUSABLE = 2
"""The exit code when the installation, its settings or the command itself is wrong."""

T = TypeVar("T")
M = TypeVar("M", bound=Message)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Ends the program with a sentence and a code for everything that a user can have caused."""
    try:
        yield
    except OperatorError as error:
        raise fail(str(error), REFUSED) from None
    except (SettingsError, PolicyError, FileError, ProviderMisuse) as error:
        raise fail(str(error), UNUSABLE) from None
    except ProviderTrouble as error:
        raise fail(f"{error} Then give the same command again: nothing is done twice.", UNUSABLE) from None
    except RPCError as error:
        raise fail(_of_temporal(error), UNUSABLE) from None


def fail(sentence: str, code: int) -> typer.Exit:
    print(sentence, file=sys.stderr)
    return typer.Exit(code)


def run(work: Callable[[Settings], Coroutine[Any, Any, T]]) -> T:
    """Runs a command with the settings of the environment."""
    with one_sentence():
        return asyncio.run(work(load_settings()))


@dataclass(frozen=True)
class Desk:
    """What a command works with."""

    client: Client
    ledger: SqlLedger
    operator: Operator


@asynccontextmanager
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """Ledger and Temporal, both known to be usable."""
    require_schema(settings)
    client = await connect(settings)
    ledger = wiring.open_ledger(settings)
    try:
        yield Desk(client, ledger, Operator(client, ledger))
    finally:
        ledger.close()


def intake_of(settings: Settings, client: Client, ledger: SqlLedger) -> Intake:
    return Intake(
        client,
        settings.dunning_task_queue,
        ledger,
        wiring.stripe_payments(settings),
        wiring.policy_store(settings),
        wiring.decline_table(settings),
        wiring.utc_now,
    )


def read_text(file: str) -> str:
    """The text of a file; `-` is stdin."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode()
    except UnicodeDecodeError:
        raise fail(f"{file} is not a text file in UTF-8: expected JSON or JSON Lines.", UNUSABLE) from None
    except OSError as error:
        raise fail(f"{file} cannot be read ({error.strerror}): check its name.", UNUSABLE) from None


def money(amount: str, currency: str) -> Money:
    """An amount in major units, as a user writes it."""
    try:
        return Money.of_major(amount, currency)
    except ValueError:
        raise fail(
            f"{amount} {currency} is not an amount: write it like 19.99 USD, with the currency's own decimals.",
            UNUSABLE,
        ) from None


def message(kind: type[M], **values: object) -> M:
    """A message to a case, of what a user wrote as options."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise fail(f"--{option} cannot be taken: {first['msg']}.", UNUSABLE) from None


def _of_temporal(error: RPCError) -> str:
    match error.status:
        case RPCStatusCode.UNAVAILABLE | RPCStatusCode.DEADLINE_EXCEEDED:
            return "The Temporal server does not answer any more: see that it runs, then give the same command again."
        case RPCStatusCode.PERMISSION_DENIED | RPCStatusCode.UNAUTHENTICATED:
            return "The Temporal server refuses the key: check TEMPORAL_API_KEY and TEMPORAL_NAMESPACE."
        case RPCStatusCode.NOT_FOUND:
            return "The Temporal server does not know the namespace: check TEMPORAL_NAMESPACE."
        case RPCStatusCode.INVALID_ARGUMENT:
            return "The namespace does not know the search attributes of cases: run python starter.py setup."
    return f"The Temporal server refuses the request ({error.status.name}): see its log."
