"""What is needed to try policies and messages: tables, words and policies. No ledger, no Temporal, no provider."""

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from domain.steps import CHANNEL_NAMES, Channel
from gateways.ports.messages import Press, Sender
from runtime import letters, wiring
from runtime.calls import scripts_of
from runtime.equipment import installation
from runtime.settings import Settings, SettingsError
from service.calendars import Calendars
from service.customers import public_holidays, whereabouts
from service.preview import Preview
from service.simulations import Simulations, Tables
from service.standings import Standings

if TYPE_CHECKING:
    from gateways.ledger.sql_ledger import SqlLedger


def tables(settings: Settings) -> Tables:
    """Raises SettingsError for one that cannot be read."""
    declines, rules = wiring.decline_table(settings), wiring.network_rules(settings)
    return Tables(declines, rules, wiring.minimum_charges(settings), wiring.law(settings))


def simulations(settings: Settings) -> Simulations:
    """Raises SettingsError for a table that cannot be read."""
    return Simulations(tables(settings), partial(wiring.policy_store, settings))


def calendars(settings: Settings, ledger: "SqlLedger") -> Calendars:
    """The calendars of real cases."""
    minimums, rules = partial(wiring.minimum_charges, settings), partial(wiring.network_rules, settings)
    here, law = partial(installation, settings), partial(wiring.law, settings)
    standings = Standings(ledger, whereabouts, public_holidays, minimums, rules, here, law, wiring.utc_now)
    return Calendars(ledger, standings, tables(settings))


_ANY_NUMBER = "+12025550143"
"""Of those that are kept for examples (North American Numbering Plan, 555-0100 to 555-0199)."""


def preview(settings: Settings) -> Preview:
    """A call names an example's number where none is set up to call back. Raises SettingsError for words or tables that
    cannot be read."""
    settings = settings.model_copy(update={"call_back_number": settings.call_back_number or _ANY_NUMBER})
    messages, _, _ = wiring.data_files(settings)
    renewals, scripts = wiring.renewal_messages(settings, messages), scripts_of(settings, messages)
    return Preview(simulations(settings), messages, renewals, scripts)


def email_sender(settings: Settings) -> Sender:
    """The one by which customers are written to. Raises SettingsError where e-mail is not set up."""
    if why := installation(settings).closed_channels.get(Channel.EMAIL):
        raise SettingsError(f"E-mail is not set up here ({why}), so nothing can be sent to look at.")
    return wiring.senders(settings, None)[Channel.EMAIL]


def press_of(settings: Settings) -> Callable[[], Press]:
    """What letters are printed by, made when the first one is."""
    return cache(partial(letters.press, settings))


def not_set_up(settings: Settings) -> str:
    """The channels that a preview shows although nothing is sent on them here; "" when there is none."""
    closed = installation(settings).closed_channels.items()
    names = [f"{CHANNEL_NAMES[channel]} ({why})" for channel, why in closed]
    return f"Not set up here, and taken as if it were: {', '.join(names)}." if names else ""
