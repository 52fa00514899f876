"""What a place asks of a channel before anybody is contacted on it: consent, or a register of senders and templates."""

from collections.abc import Iterable
from datetime import date

from domain.rules.law import Consent
from domain.rules.local_law import LocalLaw
from domain.steps import CHATS, Channel

_WANTED = {
    "prior_express": "consent that the customer has given before",
    "opt_in": "an opt-in of the customer",
    "registered_template": "a registered sender and templates",
}


def unlawful_channels(
    law: LocalLaw, day: date, opted_in: Iterable[Channel], registered: Iterable[str]
) -> dict[Channel, str]:
    """Channel → why nobody may be contacted on it there. `opted_in`: where the customer has opted in to messages of
    the account; `registered`: ids of the rules for which the merchant has registered.

    What needs no more than a way to opt out is closed by the opt-out itself. Chats have an agreement of their own that
    is asked everywhere: to WhatsApp messages, or by adding the account on LINE.
    """
    found: dict[Channel, str] = {}
    yes, kept = frozenset(opted_in), frozenset(registered)
    for row, consent in law.consents(day):
        for channel in (each for each in Channel if each not in CHATS and row.is_about(each)):
            if channel not in found and _is_missing(consent, channel in yes, row.id in kept):
                found[channel] = f"the law of the place needs {_WANTED[consent.needs]} ({row.rule})"
    return found


def _is_missing(consent: Consent, opted_in: bool, registered: bool) -> bool:
    match consent.needs:
        case "registered_template":
            return not registered
        case "prior_express":
            return not (opted_in or consent.by_account)
        case "opt_in":
            return not opted_in
        case _:
            return False
