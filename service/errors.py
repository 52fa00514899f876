"""What went wrong, in one sentence for whoever asked: the same at every door."""

from dataclasses import dataclass
from enum import StrEnum

from temporalio.service import RPCError, RPCStatusCode

from gateways.policy_files import PolicyError
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.yaml_files import FileError
from service.requests import Overtaken, Refused, Unavailable, Unknown, WrongRequest


class Blame(StrEnum):
    """Where the mistake is."""

    REFUSED = "refused"  # what was asked cannot be done
    OVERTAKEN = "overtaken"  # the same: it is not any more as whoever asked has read it
    UNKNOWN = "unknown"  # what was asked for is not there
    REQUEST = "request"  # what was asked makes no sense
    INSTALLATION = "installation"  # a setting, a file, or a system that does not answer


@dataclass(frozen=True)
class Problem:
    blame: Blame
    sentence: str


def explained(error: Exception) -> Problem | None:
    """What to tell about an error; None for one that only a mistake in this program can cause."""
    match error:
        case Unknown():
            return Problem(Blame.UNKNOWN, str(error))
        case Overtaken():
            return Problem(Blame.OVERTAKEN, str(error))
        case Refused():
            return Problem(Blame.REFUSED, str(error))
        case WrongRequest():
            return Problem(Blame.REQUEST, str(error))
        case Unavailable():
            return Problem(Blame.INSTALLATION, str(error))
        case PolicyError() | FileError() | ProviderMisuse():
            return Problem(Blame.INSTALLATION, str(error))
        case ProviderTrouble():
            again = f"{error} Then give the same command again: nothing is done twice."
            return Problem(Blame.INSTALLATION, again)
        case RPCError():
            return Problem(Blame.INSTALLATION, _of_temporal(error))
    return None


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
