"""How Twilio's account stands: whether its key works, and whether the sender is a number that can send."""

from datetime import timedelta

from twilio.rest import Client

from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.twilio_api import Refused, TwilioHttp, call

_NUMBER = "+"


class TwilioAccount:
    """Reads only. Raises ProviderTrouble or ProviderMisuse, each with one sentence."""

    def __init__(self, account_sid: str, auth_token: str, base_url: str, timeout: timedelta) -> None:
        self._sid = account_sid
        self._client = Client(account_sid, auth_token, http_client=TwilioHttp(base_url, timeout))

    def __repr__(self) -> str:
        return "TwilioAccount()"

    def require_active(self) -> None:
        """The key works, and the account may send."""
        try:
            status = call("read the account", lambda: self._client.api.accounts(self._sid).fetch()).status
        except Refused as refused:
            raise _refused(refused) from None
        if status != "active":
            raise ProviderMisuse(f"Twilio's account is {status}: open it again in Twilio's console.")

    def template(self, sid: str) -> tuple[str | None, str]:
        """The words of a template, and how it stands with WhatsApp (`approved`). None: Twilio has no words for it."""
        content = self._client.content.v1.contents(sid)
        try:
            shown = call("read a template", content.fetch).types
            status = call("read a template's approval", content.approval_fetch().fetch).whatsapp
        except Refused as refused:
            if "404" in refused.codes:
                return None, "unknown"
            raise _refused(refused) from None
        texts = shown.values() if isinstance(shown, dict) else ()
        body = next((text["body"] for text in texts if isinstance(text, dict) and text.get("body")), None)
        return body, str(status.get("status")) if isinstance(status, dict) else "unknown"

    def caller(self, number: str) -> str:
        """What is known of the number that calls are made from, in words. Raises ProviderMisuse for none of them."""
        numbers = self._client.api.account.incoming_phone_numbers
        try:
            found = call("read the phone numbers", lambda: numbers.list(phone_number=number, limit=1))
        except Refused as refused:
            raise _refused(refused) from None
        if not found or not _can_call(found[0].capabilities):
            raise ProviderMisuse(
                f"The account has no number {number} that can call: buy one with voice in Twilio's console, or set "
                "TWILIO_VOICE_FROM to one of its own."
            )
        return f"calls are made from {number}"

    def sender(self, sender: str, inbound: str | None) -> str:
        """What is known of the sender, in words. Raises ProviderMisuse for a number that cannot do what it has to.

        inbound: where answers such as STOP are to come; None: nowhere.
        """
        if not sender.startswith(_NUMBER):
            return f"{sender} is no phone number: whether it can send is not looked at"
        numbers = self._client.api.account.incoming_phone_numbers
        try:
            found = call("read the phone numbers", lambda: numbers.list(phone_number=sender, limit=1))
        except Refused as refused:
            raise _refused(refused) from None
        if not found:
            raise ProviderMisuse(
                f"The account has no number {sender}: buy it in Twilio's console, or set TWILIO_FROM to one of its own."
            )
        if not _can_text(found[0].capabilities):
            raise ProviderMisuse(f"{sender} cannot send text messages: set TWILIO_FROM to a number with SMS.")
        if inbound and found[0].sms_url != inbound:
            raise ProviderMisuse(
                f"Answers to {sender}, STOP among them, do not come here: set the number's webhook for incoming "
                f"messages to {inbound} in Twilio's console."
            )
        return f"{sender} sends text messages" + (", and answers come here" if inbound else "")


def _can_call(capabilities: object) -> bool:
    return isinstance(capabilities, dict) and True in (capabilities.get("voice"), capabilities.get("VOICE"))


def _can_text(capabilities: object) -> bool:
    if not isinstance(capabilities, dict):
        raise ProviderTrouble("Twilio gave an answer that cannot be read: could not read the phone numbers.")
    return capabilities.get("sms") is True or capabilities.get("SMS") is True


def _refused(refused: Refused) -> Exception:
    if "401" in refused.codes:
        return ProviderMisuse("Twilio refuses the credentials: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.")
    if "404" in refused.codes:
        return ProviderMisuse("Twilio does not know the account: check TWILIO_ACCOUNT_SID.")
    if "429" in refused.codes:
        return ProviderTrouble("Twilio asks to wait: look again in a minute.", refused.wait)
    return ProviderMisuse(f"Twilio refuses ({refused.codes[0]}): see that code in Twilio's documentation.")
