"""Reads Twilio's status callbacks and inbound messages as facts. Pure, but for the time: Twilio's calls have none."""

from datetime import datetime
from typing import Any

from domain.events import ContactResult
from domain.rules.refusals import About, RefusalTable
from domain.steps import Channel
from gateways.provider_facts import ContactHeard, CustomerWrote, Fact, Ignored, MalformedEvent, Wish
from gateways.stripe_fields import Json, text

PROVIDER = "twilio"
_WHATSAPP = "whatsapp:"

_RESULTS = {"delivered": ContactResult.DELIVERED, "read": ContactResult.READ}
_BY_CODE = {
    About.ADDRESS: ContactResult.INVALID_ADDRESS,
    About.WISH: ContactResult.OPTED_OUT,
}
# The words that Twilio itself obeys (its documentation of default and advanced opt-out), and the ones that stand for
# them in the languages of the shipped texts. One word is the whole message.
_WORDS = {
    Wish.STOP: "stop stopall unsubscribe cancel end quit revoke optout arret arrêt stopp abmelden baja alto parar "
    "cancelar sair 停止 配信停止 ยกเลิก หยุด",
    Wish.START: "start unstop yes",
    Wish.HELP: "help info aide hilfe ayuda ajuda ヘルプ ช่วยเหลือ",
}
_WISHES = {word: wish for wish, words in _WORDS.items() for word in words.split()}


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
        channel=Channel.SMS,
        result=result,
        key=text(event, "dunning_key"),
        address=_number(event, "To"),
        why=text(event, "ErrorCode") or "",
    )


def _wrote(event: Json, said: dict[str, Any]) -> Fact:
    number, words = _number(event, "From"), text(event, "Body") or ""
    if not number:
        raise MalformedEvent("The inbound message has no 'From'.")
    return CustomerWrote(**said, channel=Channel.SMS, address=number, text=words, wish=_wish(event, words))


def _wish(event: Json, words: str) -> Wish | None:
    """What Advanced Opt-Out took it for, or the one word that it consists of."""
    stated = (text(event, "OptOutType") or "").lower()
    if stated in {wish.value for wish in Wish}:
        return Wish(stated)
    return _WISHES.get(words.strip().strip(".!").lower())


def _number(event: Json, name: str) -> str | None:
    return (text(event, name) or "").removeprefix(_WHATSAPP) or None
