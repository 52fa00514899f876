"""WhatsApp through Twilio.

WhatsApp takes what a business begins only in the words of an approved template (Twilio: a ContentSid with its
ContentVariables); free text only within 24 hours of the customer's last message. All of ours are begun by us, at the
policy's time: they go out by template, also within those hours (docs/decisions/0049).
"""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from gateways.ports.messages import Rendered
from gateways.ports.trouble import ProviderMisuse
from gateways.twilio_sms import TwilioSender

WAY = "whatsapp:"


class TwilioWhatsApp(TwilioSender):
    """`ports.Sender` for WhatsApp. `sender`: a number of the account with WhatsApp (E.164), or a messaging service."""

    _way: ClassVar[str] = WAY

    def _from(self, sender: str) -> dict[str, str]:
        return super()._from(sender if sender.startswith("MG") else f"{WAY}{sender.removeprefix(WAY)}")

    def _content(self, message: Rendered) -> dict[str, Any]:
        if message.template is None:
            raise ProviderMisuse(
                "No approved template says this: WhatsApp takes no other words; look at TWILIO_WHATSAPP_TEMPLATES."
            )
        return {"content_sid": message.template.id, "content_variables": json.dumps(message.template.values)}

    def _is(self, body: str, message: Rendered) -> bool:
        return body.split() == message.text.split()

    def _cannot_tell(self, bodies: Sequence[str | None]) -> str | None:
        """The approved words may be others than ours, by a space or a sentence: what went to this number since may be
        the message."""
        return "Twilio has a message to this number since, in other words: it may be this one." if bodies else None
