"""Requests that cannot be carried out, and those that make no sense in themselves."""

from domain.money import Money


class Refused(Exception):
    """An order, a report or a question cannot be carried out. One sentence."""


class Unknown(Refused):
    """Nothing has that name here."""


class Overtaken(Refused):
    """The order is about a case as it is no more: it changed since it was read."""


class Busy(Refused):
    """The same request is being worked on: its answer comes in a moment."""


class Unavailable(Exception):
    """A system that this needs does not answer. One sentence."""


class WrongRequest(Exception):
    """What was asked cannot be meant, whatever the state of the cases. One sentence."""


def money(amount: str, currency: str) -> Money:
    """An amount in major units, as people write it. Raises WrongRequest."""
    try:
        return Money.of_major(amount, currency)
    except ValueError:
        raise WrongRequest(
            f"{amount} {currency} is not an amount: write it like 19.99 USD, with the currency's own decimals."
        ) from None
