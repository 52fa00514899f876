"""WhatsApp at Twilio's stand-in: senders, approved templates, and the 24 hours after somebody has written.

What WhatsApp does not take Twilio accepts all the same, and tells of it afterwards (www.twilio.com/docs/api/errors, of
63016, 63021, 63024, 63028 and 63049, read 2026-11-27); only what Twilio itself can see is refused at once.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ruamel.yaml import YAML

from sandbox.providers.journal import Json

WAY = "whatsapp:"
TEMPLATES = Path(__file__).with_name("whatsapp-templates.yaml")
_WINDOW = timedelta(hours=24)
_LONGEST = 1024
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def _approved() -> dict[str, Json]:
    rows = YAML(typ="safe").load(TEMPLATES)
    return {
        one["sid"]: {"language": language, "name": f"{language}_{stage}", "body": one["body"], "status": "approved"}
        for language, stages in rows.items()
        for stage, one in stages.items()
    }


@dataclass
class WhatsApp:
    """The account's share of WhatsApp. Numbers without the prefix."""

    senders: set[str] = field(default_factory=lambda: {"+15550006001"})
    templates: dict[str, Json] = field(default_factory=_approved)
    strangers: set[str] = field(default_factory=set)  # numbers that have no WhatsApp
    troubled: dict[str, int] = field(default_factory=dict)  # number → the code with which it gets nothing
    readers: set[str] = field(default_factory=set)  # numbers whose owners let it be seen that they have read
    wrote: dict[str, datetime] = field(default_factory=dict)  # number → when its owner wrote last

    def refusal(self, form: dict[str, str]) -> int | None:
        """The code with which Twilio refuses the request itself."""
        sender = form.get("From", "")
        if sender and (not sender.startswith(WAY) or sender.removeprefix(WAY) not in self.senders):
            return 63007 if sender.startswith(WAY) else 21910
        if form.get("ContentVariables") and not form.get("ContentSid"):
            return 21654
        if form.get("ContentSid") and form["ContentSid"] not in self.templates:
            return 21655
        return 21656 if form.get("ContentSid") and not _variables(form) else None

    def text(self, form: dict[str, str]) -> str:
        """What the customer reads."""
        if not form.get("ContentSid"):
            return form.get("Body", "")
        values = _variables(form) or {}
        body = str(self.templates[form["ContentSid"]]["body"])
        return _PLACE.sub(lambda place: values.get(place[1], place[0]), body)

    def failure(self, number: str, form: dict[str, str], now: datetime) -> int | None:
        """The code with which an accepted message does not arrive; None: it does."""
        if number in self.strangers:
            return 63024
        if code := self.troubled.get(number):
            return code
        if not form.get("ContentSid"):
            wrote = self.wrote.get(number)
            return None if wrote and now - wrote < _WINDOW else 63016
        template, values = self.templates[form["ContentSid"]], _variables(form) or {}
        if template["status"] != "approved":
            return {"paused": 63041, "disabled": 63042}.get(str(template["status"]), 63016)
        if set(_PLACE.findall(str(template["body"]))) != set(values):
            return 63028
        if any("\n" in value or "\t" in value or "    " in value for value in values.values()):
            return 63013
        return 63021 if len(self.text(form)) > _LONGEST else None

    def content(self, sid: str, account_sid: str) -> Json | None:
        """`GET /v1/Content/{sid}`."""
        if (one := self.templates.get(sid)) is None:
            return None
        return {
            "sid": sid,
            "account_sid": account_sid,
            "friendly_name": one["name"],
            "language": one["language"],
            "variables": {name: name for name in _PLACE.findall(str(one["body"]))},
            "types": {"twilio/text": {"body": one["body"]}},
            "url": f"https://content.twilio.com/v1/Content/{sid}",
            "links": {},
        }

    def approval(self, sid: str, account_sid: str) -> Json | None:
        """`GET /v1/Content/{sid}/ApprovalRequests`."""
        if (one := self.templates.get(sid)) is None:
            return None
        about = {"type": "whatsapp", "name": one["name"], "category": "UTILITY", "status": one["status"]}
        url = f"https://content.twilio.com/v1/Content/{sid}/ApprovalRequests"
        return {"sid": sid, "account_sid": account_sid, "whatsapp": about, "url": url}


def way_of(to: str) -> str:
    """By which channel it goes there, as the journal names it."""
    return "whatsapp" if to.startswith(WAY) else "sms"


def _variables(form: dict[str, str]) -> dict[str, str] | None:
    """None: they are not as Twilio takes them."""
    try:
        found = json.loads(form.get("ContentVariables") or "{}")
    except ValueError:
        return None
    if not isinstance(found, dict) or not all(isinstance(value, str) and value for value in found.values()):
        return None
    return found
