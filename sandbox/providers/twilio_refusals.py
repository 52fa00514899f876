"""What Twilio refuses, with its own codes and sentences (www.twilio.com/docs/api/errors, read 2026-11-26)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MESSAGES: dict[int, str] = {
    20003: "Authenticate",
    20005: "Account not active",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21201: "No 'To' number is specified",
    21205: "Url parameter is required.",
    21210: "The source phone number provided, {from_}, is not yet verified for your account.",
    21211: "Invalid 'To' Phone Number: {to}",
    21212: "Invalid 'From' Number: {from_}",
    21214: "'To' phone number cannot be reached",
    21215: "Account not authorized to call {to}. Perhaps you need to enable some international permissions",
    21216: "Account not allowed to call {to}",
    21217: "Phone number does not appear to be valid",
    21265: "'To' number cannot be a Short Code: {to}",
    21266: "'To' and 'From' number cannot be the same: {to}",
    21268: "Sending to Premium rate or Information Service numbers is not allowed: {to}",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}",
    21421: "Phone Number is invalid: {to}",
    21602: "Message body is required.",
    21603: "A 'From' or 'MessagingServiceSid' parameter is required to send a message.",
    21604: "A 'To' phone number is required.",
    21606: "'From' number is not a valid message-capable Twilio number for this account: {from_}",
    21608: "The number {to} is unverified. Trial accounts cannot send messages to unverified numbers.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "Message cannot be sent with the current combination of 'To' ({to}) and/or 'From' ({from_}) parameters",
    21614: "'To' number is not a valid mobile number: {to}",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21635: "'To' number cannot be a landline: {to}",
    21654: "ContentSid Required",
    21655: "The ContentSid is Invalid",
    21656: "The ContentVariables Parameter is invalid",
    21659: "{from_} is not a Twilio phone number or Short Code country mismatch",
    21703: "The Messaging Service does not have a phone number available to send a message",
    21730: "System under maintenance. Please try again later.",
    63003: "Channel could not find To address",
    21910: "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel",
    63007: "Twilio could not find a Channel with the specified From address",
    63016: "Outside messaging window. For WhatsApp, use a Message Template instead",
}
_STATUSES: dict[int, int] = {20003: 401, 20005: 403, 20404: 404, 20429: 429}

# The magic numbers of Twilio's test credentials (www.twilio.com/docs/iam/test-credentials).
MAGIC_TO: Mapping[str, int] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM: Mapping[str, int] = {
    "+15005550001": 21212,
    "+15005550007": 21606,
    "+15005550008": 21611,
}


@dataclass
class Refusal(Exception):
    """One refused request, as Twilio's error body tells it."""

    status: int
    code: int
    message: str


def refusal(code: int, *, to: str = "", from_: str = "", status: int | None = None) -> Refusal:
    """Twilio's answer for a code; one that this file does not know has no telling sentence."""
    message = MESSAGES.get(code, "The request was refused.").format(to=to, from_=from_)
    return Refusal(status or _STATUSES.get(code, 400), code, message)


def number_row(account_sid: str, number: str, has: Mapping[str, Any]) -> dict[str, Any]:
    """One of the account's phone numbers, as its list shows it."""
    return {
        "account_sid": account_sid,
        "capabilities": {"sms": has["sms"], "mms": False, "voice": has.get("voice", True), "fax": False},
        "phone_number": number,
        "sid": "PN" + "0" * 32,
        "sms_method": "POST",
        "sms_url": has["sms_url"] or "",
    }
