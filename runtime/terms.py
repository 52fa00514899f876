"""What the terms stand on: the policies, the merchant's part, and their words."""

from gateways.ledger.sql_ledger import SqlLedger
from gateways.terms_file import terms_file
from gateways.terms_page import TermsPage
from gateways.terms_texts import TermsTexts
from gateways.word_files import PhrasesError
from gateways.yaml_files import FileError
from runtime import wiring
from runtime.branding import brand
from runtime.equipment import installation
from runtime.settings import SHIPPED, Settings, SettingsError
from service.terms import TermsDesk
from service.threads import Threads


def terms_texts(settings: Settings) -> TermsTexts:
    """Raises SettingsError for a file that is wrong, and when customers would get no answer anywhere."""
    shown = brand(settings)
    try:
        stated = terms_file(SHIPPED, settings.dunning_policies)
        return TermsTexts(settings.messages_folders, stated, shown.name, language=settings.merchant_language)
    except (FileError, PhrasesError) as error:
        sentence = f"{str(error).removesuffix('.')}. DUNNING_POLICIES names the folder that is read."
        raise SettingsError(sentence) from None


def terms_page(settings: Settings, texts: TermsTexts) -> TermsPage:
    return TermsPage(settings.messages_folders, brand(settings), texts)


def terms_desk(settings: Settings, ledger: SqlLedger, texts: TermsTexts, threads: Threads) -> TermsDesk:
    """Raises PolicyError for policies that cannot be read."""
    links, here = wiring.terms_links(settings), installation(settings)
    policies = wiring.policy_store(settings)
    return TermsDesk(ledger, policies, texts, here, threads, wiring.utc_now, links.link if links else None)
