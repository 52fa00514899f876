"""What the ledger knows of the doors: keys that ran out, endpoints that take nothing, events that nobody could read."""

from contextlib import closing

from gateways.ports.inbox import REFUSED
from runtime import wiring
from runtime.checks.look import Check, Look, fault

_PAGE = 100


def _keys(look: Look) -> str:
    with closing(wiring.open_ledger(look.settings)) as ledger:
        every = ledger.keys()
    keys = [key for key in every if key.revoked_at is None]
    over = [key for key in keys if key.expires_at and key.expires_at <= look.now()]
    if over:
        named = ", ".join(f"{key.key_id} ({key.name})" for key in over)
        raise fault(f"The API keys {named} have run out: rotate or revoke them (python starter.py keys).")
    return f"{len(keys) or 'none'} in use"


def _events_out(look: Look) -> str:
    with closing(wiring.open_ledger(look.settings)) as ledger:
        endpoints = ledger.endpoints()
    stopped = [one for one in endpoints if one.disabled_at]
    if stopped:
        named = ", ".join(one.endpoint_id for one in stopped)
        since = min(one.disabled_at for one in stopped if one.disabled_at)
        raise fault(
            f"The endpoints {named} took no events and are disabled: mend them, then send what they missed "
            f"(python starter.py endpoints replay {stopped[0].endpoint_id} --since {since:%Y-%m-%d})."
        )
    return f"{len(endpoints) or 'no'} endpoints"


def _inbox(look: Look) -> str:
    with closing(wiring.open_ledger(look.settings)) as ledger:
        refused = ledger.inbox(REFUSED, limit=_PAGE)
    if refused:
        many = f"{len(refused)}{' or more' if len(refused) == _PAGE else ''}"
        raise fault(
            f"{many} events that came by webhook could not be taken: see why (python starter.py "
            "inbox --refused), and try them again (python starter.py inbox --again EVENT)."
        )
    return "all that came was taken"


CHECKS = (
    Check("API keys", _keys, after=("ledger",)),
    Check("events out", _events_out, after=("ledger",)),
    Check("inbox", _inbox, after=("ledger",)),
)
