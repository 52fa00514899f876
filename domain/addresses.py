"""What can be an address. A field that calls itself one also holds `n/a`, two addresses, or a name."""

import hashlib
import re

from domain.postal import PostalAddress
from domain.steps import WRITTEN, Channel

FIELDS: dict[Channel, str] = {
    Channel.EMAIL: "email",
    Channel.SMS: "phone",
    Channel.WHATSAPP: "phone",
    Channel.LINE: "line_user_id",
    Channel.LETTER: "postal_address",
    Channel.PHONE: "phone",
}
"""Where of a customer's fields each channel leads. A notice needs none."""
NONE_KNOWN = {
    "email": "no e-mail address is known",
    "phone": "no phone number is known",
    "line_user_id": "no LINE user id is known",
    "postal_address": "no complete postal address is known",
}
"""Why nothing can be sent to a customer of whom the field is empty."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|[xX][nN]--{_LABEL})")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LINE_USER = re.compile("U[0-9a-f]{32}")
_LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_LONGEST = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets


def email_address(text: str | None) -> str | None:
    """The one address that mail can be sent to; None when the text is no such address.

    Stricter than RFC 5322: no comments, no quotes, no display name, no address literal, and nothing but ASCII: mail
    servers of today pass on no other before the sign @, and DNS knows no other behind it (gateways/email_domains.py).
    """
    local, at, domain = (text or "").strip().rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return None
    found = f"{local}@{domain}"
    return found if len(found) <= _LONGEST and _DOMAIN.fullmatch(domain) else None


def dialled_number(text: str | None) -> str | None:
    """The phone number, where it is in the form that providers take (E.164); None when it is not."""
    number = (text or "").strip()
    return number if _E164.fullmatch(number) else None


def line_user(text: str | None) -> str | None:
    """The id of a LINE user, as the account of the merchant knows them; None when it is none."""
    user = (text or "").strip()
    return user if _LINE_USER.fullmatch(user) else None


def postal_address(text: str | None) -> str | None:
    """The postal address as it is kept; None when a letter could go nowhere by it. What else the country's post needs,
    `gateways/postal.py` asks."""
    found = PostalAddress.read(text)
    return found.text if found else None


READ = {
    "email": email_address,
    "phone": dialled_number,
    "line_user_id": line_user,
    "postal_address": postal_address,
}
"""What can be an address, in each of the fields."""


def channel_named(text: str | None) -> Channel | None:
    """The channel of messages that somebody calls so (`SMS`, `e-mail`); None when there is none of that name."""
    name = (text or "").strip().lower().replace("e-mail", "email")
    return next((channel for channel in WRITTEN if channel.value == name), None)


def address_key(text: str) -> str:
    """What an address or number is compared by, where it need not be readable: the same however it is written."""
    known = email_address(text) or dialled_number(text) or text.strip()
    return hashlib.sha256(known.lower().encode()).hexdigest()
