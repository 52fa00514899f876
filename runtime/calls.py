"""The queue of calls: ledger, payment provider and words. No Temporal, but for what came of a call."""

from functools import cache, partial
from typing import TYPE_CHECKING

from domain.brand import BySegment
from gateways.call_scripts import TemplateCalls
from gateways.messages import TemplateMessages
from gateways.ports.calls import CallScripts
from gateways.word_files import PhrasesError
from runtime import wiring
from runtime.equipment import installation
from runtime.settings import Settings, SettingsError
from service.calls import Calls
from service.customers import public_holidays, whereabouts
from service.standings import Standings

if TYPE_CHECKING:
    from gateways.ledger.sql_ledger import SqlLedger


def call_queue(settings: Settings, ledger: "SqlLedger", said: BySegment[CallScripts] | None = None) -> Calls:
    """`said`: the words of calls; None: they are read when they are first needed."""
    minimums, rules = partial(wiring.minimum_charges, settings), partial(wiring.network_rules, settings)
    here, law = partial(installation, settings), partial(wiring.law, settings)
    standings = Standings(ledger, whereabouts, public_holidays, minimums, rules, here, law, wiring.utc_now)
    payments = cache(partial(wiring.stripe_payments, settings))
    return Calls(ledger, standings, payments, cache(lambda: said or scripts(settings)), wiring.utc_now)


def scripts(settings: Settings) -> BySegment[CallScripts]:
    """Raises SettingsError for words that cannot be read."""
    return scripts_of(settings, wiring.data_files(settings)[0])


def scripts_of(settings: Settings, messages: BySegment[TemplateMessages]) -> BySegment[CallScripts]:
    """The same, of messages that are read already."""
    back, language = settings.call_back_number or "", settings.merchant_language
    try:
        return messages.made(lambda each: TemplateCalls(each, settings.messages_folders, back, language=language))
    except PhrasesError as error:
        raise SettingsError(f"{error} DUNNING_POLICIES names the folder that is read.") from None
