"""The merchant's brand: what its file says, and the settings where it says nothing."""

from collections.abc import Collection

from domain.brand import Brand, BySegment
from domain.merchant import MerchantContact
from gateways.brand import SEGMENTS, brand_file, read_brands
from gateways.email_domains import with_ascii_domain
from gateways.policy_files import PolicyError, PolicyStore
from gateways.yaml_files import FileError
from runtime.settings import SHIPPED, Settings, SettingsError


def brand(settings: Settings) -> Brand:
    """The merchant's own. Raises as `brands`."""
    return brands(settings).own


def brands(settings: Settings) -> BySegment[Brand]:
    """Raises SettingsError for a file that is wrong, and when customers would get no answer anywhere."""
    try:
        file = brand_file(SHIPPED, settings.dunning_policies)
        contact = None if "contact" in file.data else _contact(settings)
        given = {"name": settings.merchant_name, "contact": contact, "sender_name": settings.sendgrid_from_name}
        given |= {"account": settings.merchant_account_url}
        said = {key: value for key, value in given.items() if value}
        return read_brands(file, said, _segments(settings) if SEGMENTS in file.data else None)
    except FileError as error:
        raise SettingsError(
            f"{str(error).removesuffix('.')}. DUNNING_POLICIES names the folder that is read."
        ) from None


def _segments(settings: Settings) -> Collection[str] | None:
    """Those that policies are for; None where policies are wrong: a worker goes on with the cases that it has."""
    try:
        policies = PolicyStore(settings.dunning_policies).policies
    except PolicyError:
        return None
    return {segment for policy in policies for segment in policy.segments}


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
