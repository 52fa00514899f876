"""What can go wrong with a provider.

Trouble has exactly two shapes. `ProviderTrouble` passes: Temporal retries the activity under the same key.
`ProviderMisuse` does not: a human has to change something, and the case waits for that human.
A declined charge is neither: it is a result.
"""

from datetime import timedelta

from domain.rules.refusals import About


class ProviderTrouble(Exception):
    """The provider cannot be reached, is overloaded or failed (429, 5xx, time-out). The call's outcome may be unknown.

    `retry_after` is the provider's own wish, when it stated one. `not_executed` is True only when the provider
    certainly did nothing (it was never reached, or said 429): then there is no unknown outcome to look up.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None, not_executed: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.not_executed = not_executed


class ProviderMisuse(Exception):
    """The provider refuses the request for good: wrong key, unknown id, bad parameter. One sentence for an operator."""


class NotFound(ProviderMisuse):
    """The provider does not know this id."""


class NotUnderstood(ProviderMisuse):
    """The provider's answer about one object is not what it documents; about others it may be."""


class RequestRefused(ProviderMisuse):
    """The provider refuses this one request, for what it is about; it may take others. Key and account are in order."""


ABOUT_ONE = (NotFound, NotUnderstood, RequestRefused)
"""What meets one record and no other: it is refused with its sentence, and all others are taken."""


class Unreachable(Exception):
    """The provider will not deliver to this address (opted out, not a mobile number, no such number). One sentence.

    `rule` names the provider's code and the edition of the table that says so: the record counts refusals by it.
    `about` is the address, the customer's own wish, or everybody in that country.
    """

    def __init__(self, message: str, rule: str | None = None, about: About = About.ADDRESS) -> None:
        super().__init__(message)
        self.rule = rule
        self.about = about


class LookupImpossible(Exception):
    """The provider (or this account) cannot tell whether a message was accepted."""
