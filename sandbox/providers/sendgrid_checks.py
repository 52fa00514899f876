"""What SendGrid checks of a mail/send request, in its own words (docs/sendgrid/api-reference/mail-send/errors)."""

import re
from dataclasses import dataclass
from typing import Any

_LONGEST = 320
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]+")
_NO_FROM = (
    "The from object must be provided for every email send. It is an object that requires the email parameter, but "
    "may also contain a name parameter."
)
_FROM = (_NO_FROM, "The from email does not contain a valid address.")
_TO = ("The to email parameter is required.", "Does not contain a valid address.")


@dataclass
class Problem(Exception):
    """One entry of SendGrid's error list, and the status that it comes with."""

    message: str
    field: str | None = None
    help: str | None = None
    status: int = 400


def validate(payload: Any) -> None:
    """SendGrid's own checks, with its messages. Raises Problem."""
    if not isinstance(payload, dict):
        raise Problem("Bad Request")
    personalizations = payload.get("personalizations")
    if not isinstance(personalizations, list) or not personalizations:
        raise Problem(
            "The personalizations field is required and must have at least one personalization.", "personalizations"
        )
    _validate_address((payload.get("from") or {}).get("email"), "from.email", _FROM)
    seen: set[str] = set()
    for index, personalization in enumerate(personalizations):
        place = f"personalizations.{index}"
        recipients = personalization.get("to")
        if not recipients:
            raise Problem(
                "The to array is required for all personalization objects, and must have at least one "
                "email object with a valid email address.",
                f"{place}.to",
            )
        for position, recipient in enumerate(recipients):
            address = recipient.get("email")
            _validate_address(address, f"{place}.to.{position}.email", _TO)
            if address.lower() in seen:
                raise Problem(
                    "Each email address in the personalization block should be unique between to, cc, and bcc. "
                    f"We found the first duplicate instance of [{address}] in the {place}.to field.",
                    place,
                )
            seen.add(address.lower())
        if not (personalization.get("subject") or payload.get("subject")):
            raise Problem(
                "The subject is required. You can get around this requirement if you use a template "
                "with a subject defined or if every personalization has a subject defined.",
                "subject",
            )
        _validate_arguments(personalization.get("custom_args", {}), f"{place}.custom_args")
    _validate_arguments(payload.get("custom_args", {}), "custom_args")
    if len(payload.get("categories", [])) > 10:
        raise Problem("The categories field is limited to 10 categories.", "categories")
    _validate_content(payload.get("content"))


def _validate_address(address: object, place: str, said: tuple[str, str]) -> None:
    missing, wrong = said
    if address is None:
        raise Problem(missing, place)
    if not isinstance(address, str) or len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
        raise Problem(wrong, place)


def _validate_arguments(arguments: object, place: str) -> None:
    if not isinstance(arguments, dict):
        raise Problem("The custom_args must be a JSON object.", place)
    for name, value in arguments.items():
        if not isinstance(value, str):
            raise Problem("The custom_args values must be strings.", f"{place}.{name}")


def _validate_content(content: object) -> None:
    if not isinstance(content, list) or not content:
        raise Problem(
            "Unless a valid template_id is provided, the content parameter is required. There must be at "
            "least one defined content block.",
            "content",
        )
    for index, part in enumerate(content):
        if not part.get("value"):
            raise Problem(
                "The content value must be a string at least one character in length.", f"content.{index}.value"
            )
    order = [part.get("type") for part in content]
    ranked = sorted(order, key=lambda kind: {"text/plain": 0, "text/html": 1}.get(kind, 2))
    if order != ranked:
        raise Problem(
            "If present, text/plain and text/html may only be provided once, and must be in that order: "
            "text/plain, then text/html, then any other type.",
            "content",
        )
