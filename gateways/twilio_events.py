"""Reads Twilio's status callbacks and inbound messages as facts. Pure, but for the time: Twilio's calls have none."""

from datetime import datetime
from typing import Any

from domain.events import ContactResult
from domain.rules.refusals import About, RefusalTable
from domain.steps import Channel
from gateways.answers import wish_of
from gateways.provider_facts import ContactHeard, CustomerWrote, Fact, Ignored, MalformedEvent, Wish
from gateways.stripe_fields import Json, text

PROVIDER = "twilio"
_WHATSAPP = "whatsapp:"

_RESULTS = {"delivered": ContactResult.DELIVERED, "read": ContactResult.READ}
_OPT_OUT_TYPES = {wish.value: wish for wish in (Wish.STOP, Wish.START, Wish.HELP)}
_BY_CODE = {
    About.ADDRESS: ContactResult.INVALID_ADDRESS,
    About.WISH: ContactResult.OPTED_OUT,
}


def read(event: object, at: datetime, refusals: RefusalTable) -> Fact:
    """Reads one call. at: when it arrived. Raises MalformedEvent."""
    if not isinstance(event, dict):
        raise MalformedEvent("The event is not a form.")
    message, status = text(event, "MessageSid"), text(event, "MessageStatus") or text(event, "SmsStatus")
    if not message or not status:
        raise MalformedEvent("The form has no MessageSid or no MessageStatus.")
    said: dict[str, Any] = {
        "provider": PROVIDER,
        "event_id": f"{message}-{status}",
        "event_type": f"message.{status}",
        "at": at,
    }
    if status == "received":
        return _wrote(event, said)
    result = _RESULTS.get(status)
    if status in ("undelivered", "failed"):
        result = _BY_CODE.get(refusals.of([text(event, "ErrorCode") or "unknown"]).about, ContactResult.UNDELIVERED)
    if result is None:
        return Ignored(**said, reason="the message is on its way")
    return ContactHeard(
        **said,
        channel=_channel(event, "To"),
        result=result,
        key=text(event, "dunning_key"),
        address=_number(event, "To"),
        why=text(event, "ErrorCode") or "",
    )


def _wrote(event: Json, said: dict[str, Any]) -> Fact:
    number, words = _number(event, "From"), text(event, "Body") or ""
    if not number:
        raise MalformedEvent("The inbound message has no 'From'.")
    return CustomerWrote(**said, channel=_channel(event, "From"), address=number, text=words, wish=_wish(event, words))


def _wish(event: Json, words: str) -> Wish | None:
    """What Advanced Opt-Out took it for, or what its words ask for."""
    stated = _OPT_OUT_TYPES.get((text(event, "OptOutType") or "").lower())
    return stated or wish_of(words)


def _channel(event: Json, name: str) -> Channel:
    return Channel.WHATSAPP if (text(event, name) or "").startswith(_WHATSAPP) else Channel.SMS


def _number(event: Json, name: str) -> str | None:
    return (text(event, name) or "").removeprefix(_WHATSAPP) or None
