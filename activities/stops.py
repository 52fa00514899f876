"""Why a message that was decided on is not sent, and is decided anew."""

from datetime import timedelta

from domain.gates import Stopped
from domain.kinds.message import ContactTask

_SOON = timedelta(minutes=1)


def changed(task: ContactTask) -> Stopped:
    """Decided anew at once: the next task carries what was read here."""
    why = "the invoice is not what the message was written about"
    return Stopped(why=why, rule="invoice-changed", until=task.as_of)


def moved(task: ContactTask) -> Stopped:
    return Stopped(why="the customer is somewhere else now", rule="place-changed", until=task.as_of)


def elsewhere(task: ContactTask) -> Stopped:
    """Decided anew in a moment: by then all workers may have the same settings."""
    why = f"{task.channel.value} is not set up where the message was to be sent"
    return Stopped(why=why, rule="channel-not-set-up", until=task.as_of + _SOON)
