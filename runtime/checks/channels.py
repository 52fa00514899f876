"""The channels to customers: SendGrid's and Twilio's keys, senders, and the way back."""

from typing import TYPE_CHECKING

from domain.steps import Channel
from gateways.sendgrid_account import NotShown, SendGridAccount
from gateways.twilio_account import TwilioAccount
from runtime import letters, wiring
from runtime.checks.look import Check, Look, fault
from runtime.checks.worker import WHOLE
from runtime.equipment import installation
from runtime.in_clear import is_own
from runtime.settings import several

if TYPE_CHECKING:
    from gateways.line_account import LineAccount

_SEND, _SEARCH = "mail.send", "messages.read"
_SENDGRID, _TWILIO, _LINE = "/webhooks/sendgrid", "/webhooks/twilio", "/webhooks/line"


def _sendgrid(look: Look) -> SendGridAccount:
    settings = look.settings
    return SendGridAccount(settings.sendgrid_secret, settings.sendgrid_api_base, settings.provider_timeout)


def _has_sendgrid(look: Look) -> bool:
    return Channel.EMAIL not in installation(look.settings).closed_channels


def _sendgrid_key(look: Look) -> str:
    if not _has_sendgrid(look):
        return "not set up: no e-mails"
    wanted = {_SEND} | ({_SEARCH} if look.settings.sendgrid_email_activity else set())
    missing = sorted(wanted - _sendgrid(look).scopes())
    if missing:
        raise fault(f"The key in SENDGRID_API_KEY may not {', '.join(missing)}: give it that in Settings > API Keys.")
    return "the key may send"


def _sender(look: Look) -> str:
    if not _has_sendgrid(look):
        return "no e-mails"
    address = look.settings.required("SENDGRID_FROM_EMAIL")
    try:
        verified = _sendgrid(look).is_verified(address)
    except NotShown:
        return f"whether {address} is verified, this key may not see"
    if not verified:
        raise fault(
            f"SendGrid has not verified {address} or its domain, and sends nothing from it: authenticate the domain in "
            "Settings > Sender Authentication, or set SENDGRID_FROM_EMAIL to one that is."
        )
    return f"{address} is verified"


def _email_events(look: Look) -> str:
    if not _has_sendgrid(look):
        return "no e-mails"
    if look.settings.web_public_url is None:
        return "WEB_PUBLIC_URL is not set: what becomes of e-mails is not known"
    url = look.settings.web_public_url.rstrip("/") + _SENDGRID
    keys = several(look.settings.sendgrid_webhook_keys)
    if not keys and is_own(look.settings.web_public_url):
        return f"{url} is this machine's, and SendGrid cannot call it: what becomes of e-mails is not known"
    if not keys:
        raise fault(
            "SENDGRID_WEBHOOK_KEYS is not set, so that bounces are not heard of: set it to the verification key of the "
            "signed Event Webhook (Settings > Mail Settings)."
        )
    try:
        public_key = _sendgrid(look).event_webhook(url)
    except NotShown:
        return "a verification key is set; the Event Webhook itself this key may not see"
    if public_key is None:
        raise fault(f"SendGrid has no enabled Event Webhook for {url}: add it in Settings > Mail Settings.")
    if public_key not in keys:
        raise fault(
            "SENDGRID_WEBHOOK_KEYS has not the verification key of the Event Webhook: switch its signature on, and "
            "copy the key from Settings > Mail Settings."
        )
    return "signed, with a key that is known here"


def _has_twilio(look: Look) -> bool:
    return not {Channel.SMS, Channel.WHATSAPP} <= installation(look.settings).closed_channels.keys()


def _has_texts(look: Look) -> bool:
    return Channel.SMS not in installation(look.settings).closed_channels


def _twilio(look: Look) -> TwilioAccount:
    settings = look.settings
    sid = settings.required("TWILIO_ACCOUNT_SID")
    return TwilioAccount(sid, settings.twilio_secret, settings.twilio_api_base, settings.provider_timeout)


def _twilio_key(look: Look) -> str:
    if not _has_twilio(look):
        return "not set up: no text messages"
    _twilio(look).require_active()
    return "the credentials work"


def _number(look: Look) -> str:
    if not _has_texts(look):
        return "no text messages"
    public = look.settings.web_public_url
    if public and not look.settings.twilio_status_callback and is_own(public):
        known = _twilio(look).sender(look.settings.required("TWILIO_FROM"), None)
        return f"{known}; {public} is this machine's, and Twilio cannot call it: answers and fates are not known"
    _require_callback(look, "text messages")
    inbound = public.rstrip("/") + _TWILIO if public else None
    return _twilio(look).sender(look.settings.required("TWILIO_FROM"), inbound)


def _require_callback(look: Look, of: str) -> None:
    public = look.settings.web_public_url
    if public and not look.settings.twilio_status_callback:
        raise fault(
            f"TWILIO_STATUS_CALLBACK is not set, so that what becomes of {of} is not known: set it to "
            f"{public.rstrip('/')}{_TWILIO}."
        )


def _templates(look: Look) -> str:
    approved = wiring.whatsapp_templates(look.settings)
    if approved is None:
        return "not set up: no WhatsApp messages"
    if not _has_texts(look) and not is_own(look.settings.web_public_url or ""):  # else `number` says it
        _require_callback(look, "WhatsApp messages")
    account = _twilio(look)
    for name, ours in approved.every.items():
        body, status = account.template(ours.sid)
        if status != "approved":
            raise fault(f"WhatsApp's template {ours.sid} ({name}) is {status}: look at it in Twilio's console.")
        if body is None or body.split() != ours.body.split():
            raise fault(
                f"WhatsApp's template {ours.sid} ({name}) has other words than TWILIO_WHATSAPP_TEMPLATES says: copy "
                "them from Twilio's console."
            )
    return f"{len(approved.every)} templates, all approved"


def _has_line(look: Look) -> bool:
    return Channel.LINE not in installation(look.settings).closed_channels


def _line(look: Look) -> "LineAccount":
    from gateways.line_account import LineAccount  # noqa: PLC0415 - LINE's SDK takes two seconds, for who has it alone

    return LineAccount(wiring.line_api(look.settings))


def _line_token(look: Look) -> str:
    if not _has_line(look):
        return "not set up: no LINE messages"
    account, left = _line(look).name(), _line(look).left()
    if left == 0:
        raise fault("LINE's messages of this month are used up: take a larger plan in LINE's console.")
    return f"the token of {account} works; {left if left is not None else 'any number of'} messages left this month"


def _line_events(look: Look) -> str:
    if not _has_line(look):
        return "no LINE messages"
    public = look.settings.web_public_url
    if public is None:
        return "WEB_PUBLIC_URL is not set: who blocks the account or answers is not known"
    url = public.rstrip("/") + _LINE
    if is_own(public) and not several(look.settings.line_webhook_secrets):
        return f"{url} is this machine's, and LINE cannot call it: who blocks the account or answers is not known"
    if not several(look.settings.line_webhook_secrets):
        raise fault(
            "LINE_WEBHOOK_SECRETS is not set, so that nobody hears of who blocks the account: set it to the channel "
            "secret (Basic settings in LINE's console)."
        )
    found = _line(look).webhook()
    if found is None or found[0] != url or not found[1]:
        raise fault(f"LINE does not tell of events at {url}: set the webhook URL in LINE's console, and switch it on.")
    return "events come here, and their signatures can be checked"


def _letters(look: Look) -> str:
    """One letter is printed in each language, whose words need signs that a font has to have."""
    settings = look.settings
    if Channel.LETTER in installation(settings).closed_channels:
        return "not set up: no letters"
    sender = letters.sender(settings, wiring.refusals(settings, "letter"))
    messages, _, _ = wiring.data_files(settings)
    press = letters.press(settings)
    for language in messages.own.languages:
        letters.try_print(press, messages.own, language)
    sender.require_access()
    where = "LETTER_FOLDER" if settings.letter_folder else "LETTER_URL"
    return f"printed in {len(messages.own.languages)} languages, and {where} takes them"


CHECKS = (
    Check("SendGrid", _sendgrid_key, after=(WHOLE,)),
    Check("sender", _sender, after=("SendGrid",)),
    Check("e-mail events", _email_events, after=("SendGrid",)),
    Check("Twilio", _twilio_key, after=(WHOLE,)),
    Check("number", _number, after=("Twilio",)),
    Check("WhatsApp templates", _templates, after=("Twilio",)),
    Check("LINE", _line_token, after=(WHOLE,)),
    Check("LINE events", _line_events, after=("LINE",)),
    Check("letters", _letters, after=(WHOLE, "message texts")),
)
