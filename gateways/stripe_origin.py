"""Whose events are taken: those of the API key's mode, and of one account. Nothing else ever reaches a case."""

import re
from typing import Self

from domain.base import Frozen
from gateways.stripe_fields import Json, expanded, text

_MODE = re.compile(r"^[a-z_]*?_(live|test)_")  # sk_live_…, rk_test_…


class Served(Frozen):
    """Which events are this installation's.

    live:    the mode of its API key; None where the key does not tell it.
    account: the connected account that it serves; None: the key's own account, whose events name none.
    """

    live: bool | None = None
    account: str | None = None

    @classmethod
    def by(cls, secret: str, account: str | None) -> Self:
        mode = _MODE.match(secret)
        return cls(live=mode.group(1) == "live" if mode else None, account=account)

    def refuses(self, event: Json) -> str | None:
        """Why the event is another's, in one sentence; None when it is ours.

        `account` names a connected account, `context` the account of an organization's event.
        """
        of_object = expanded(expanded(event.get("data")).get("object"))
        live = event.get("livemode", of_object.get("livemode"))
        if self.live is not None and isinstance(live, bool) and live is not self.live:
            return f"it is {_mode(live)} event, and STRIPE_API_KEY is {_mode(self.live)} key"
        account = text(event, "account") or text(event, "context")
        if account == self.account:
            return None
        if account is None:
            return f"it is of the key's own account, and STRIPE_ACCOUNT names {self.account}"
        # Its id is a stranger's text: an id of any length would make a line of any length.
        return f"it is of the connected account {account[:80]}, and STRIPE_ACCOUNT names {self.account or 'none'}"


def _mode(live: bool) -> str:
    return "a live" if live else "a test"
