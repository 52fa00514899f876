"""The merchant's brand: what its file says, and the settings where it says nothing."""

from domain.brand import Brand
from domain.merchant import MerchantContact
from gateways.brand import brand_file, read_brand
from gateways.email_domains import with_ascii_domain
from gateways.yaml_files import FileError
from runtime.settings import SHIPPED, Settings, SettingsError


def brand(settings: Settings) -> Brand:
    """Raises SettingsError for a file that is wrong, and when customers would get no answer anywhere."""
    try:
        file = brand_file(SHIPPED, settings.dunning_policies)
        contact = None if "contact" in file.data else _contact(settings)
        given = {"name": settings.merchant_name, "contact": contact, "sender_name": settings.sendgrid_from_name}
        return read_brand(file, {key: value for key, value in given.items() if value})
    except FileError as error:
        raise SettingsError(
            f"{str(error).removesuffix('.')}. DUNNING_POLICIES names the folder that is read."
        ) from None


def _contact(settings: Settings) -> str:
    if not settings.merchant_contact:
        raise SettingsError(
            "MERCHANT_CONTACT is not set: set it to the e-mail address, link or phone number at which customers "
            "get an answer, or write it into brand.yaml as contact; every message names it."
        )
    text = with_ascii_domain(settings.merchant_contact) or ""
    try:
        MerchantContact.read(text)
    except ValueError as error:
        raise SettingsError(f"MERCHANT_CONTACT {error}.") from None
    return text
