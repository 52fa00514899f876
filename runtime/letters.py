"""Letters: what prints them, and who takes them. Imported where they are set up: typst and its fonts take a second."""

from datetime import date
from typing import TYPE_CHECKING

from domain.rules.refusals import RefusalTable
from domain.steps import Channel, Stage
from domain.truth import Ending, MessageFacts
from gateways.ports.messages import Address, Messages
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import Unreachable
from runtime.branding import brands
from runtime.settings import Settings, SettingsError
from service.sample_customers import sample

if TYPE_CHECKING:
    from gateways.letter_press import LetterPress
    from gateways.letter_senders import LetterFolder, LetterService


def press(settings: Settings) -> "LetterPress":
    """Raises SettingsError for a folder of fonts that is none."""
    from gateways.letter_press import LetterPress  # noqa: PLC0415 - see above

    fonts = settings.letter_fonts
    if fonts and not fonts.is_dir():
        raise SettingsError("LETTER_FONTS is no folder: set it to one with .ttf or .otf files, or leave it out.")
    return LetterPress(settings.messages_folders, fonts)


def try_print(prints: "LetterPress", messages: Messages, language: str) -> None:
    """Prints one letter of a language. Raises SettingsError where no font has its signs, and ProviderMisuse."""
    customer, today = sample(language), date(2026, 1, 1)
    known = customer.row
    to = Address(customer_id=known.customer_id, name=known.name, postal_address=known.postal_address)
    facts = MessageFacts(stage=Stage.FINAL, ends_on=today, ending=Ending.COLLECTIONS)
    said = messages.render(Channel.LETTER, facts, to, customer.invoice(), language, on=today)
    assert said.letter  # noqa: S101 - it is one
    try:
        prints.printed(said.letter)
    except Unreachable as error:
        raise SettingsError(f"Letters in {language} cannot be printed. {error}") from None


def sender(settings: Settings, refusals: RefusalTable, meter: Meter = NO_METER) -> "LetterFolder | LetterService":
    """Raises SettingsError where a brand has no address that a letter could come back to."""
    from gateways.letter_senders import LetterFolder, LetterService  # noqa: PLC0415 - see above

    known = brands(settings)
    if not all(each.postal_address for each in (known.own, *known.segments.values())):
        raise SettingsError("A letter names its sender: say postal_address in brand.yaml (docs/brand.md).")
    if settings.letter_folder:
        return LetterFolder(press(settings), settings.letter_folder)
    url, timeout = settings.required("LETTER_URL"), settings.provider_timeout
    return LetterService(press(settings), url, settings.letter_secret, timeout, refusals, meter)
