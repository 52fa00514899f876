"""What is set up of channels, application and agency: the settings of each belong together, all of them or none."""

from pydantic import SecretStr

from domain.addresses import dialled_number
from domain.installation import RESTRICTIONS, Installation
from domain.steps import Channel
from runtime.in_clear import is_own
from runtime.settings import Settings, SettingsError

_TWILIO = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
CHANNELS: dict[Channel, tuple[str, ...]] = {
    Channel.EMAIL: ("SENDGRID_API_KEY", "SENDGRID_FROM_EMAIL"),
    Channel.SMS: (*_TWILIO, "TWILIO_FROM"),
    Channel.NOTICE: ("MERCHANT_WEBHOOK_URL", "MERCHANT_WEBHOOK_SECRET"),
    Channel.WHATSAPP: (*_TWILIO, "TWILIO_WHATSAPP_FROM", "TWILIO_WHATSAPP_TEMPLATES"),
    Channel.LINE: ("LINE_CHANNEL_ACCESS_TOKEN",),
    Channel.LETTER: ("LETTER_URL", "LETTER_KEY"),
    Channel.PHONE: ("CALL_BACK_NUMBER",),
}
"""The settings without which a channel is closed. The application of the notices hears of access as well."""
OTHERWISE: dict[Channel, str] = {Channel.LETTER: "LETTER_FOLDER"}
"""A setting that opens a channel by itself, in place of those."""

VOICE = ("TWILIO_VOICE_FROM", *_TWILIO, "WEB_PUBLIC_URL", "CALL_BACK_NUMBER")
"""The settings without which no call is made by the automatic service."""

WAYS_BACK: dict[Channel, str] = {
    Channel.EMAIL: "SENDGRID_WEBHOOK_KEYS",
    Channel.SMS: "TWILIO_STATUS_CALLBACK",
    Channel.WHATSAPP: "TWILIO_STATUS_CALLBACK",
    Channel.LINE: "LINE_WEBHOOK_SECRETS",
}
"""The settings without which nobody hears what becomes of a channel's messages, where providers can call us."""


def lacking(settings: Settings, channel: Channel) -> list[str]:
    """All that is still to be set before the channel is open and nothing is wrong with it."""
    public = settings.web_public_url
    back = [WAYS_BACK[channel]] if channel in WAYS_BACK and public and not is_own(public) else []
    if is_otherwise(settings, channel):
        return []
    return [name for name in (*CHANNELS[channel], *back) if not is_set(settings, name)]


def is_otherwise(settings: Settings, channel: Channel) -> bool:
    """Whether a channel is open by the one setting that takes the place of its others."""
    return channel in OTHERWISE and is_set(settings, OTHERWISE[channel])


def installation(settings: Settings) -> Installation:
    """What is missing, by its first setting. Raises SettingsError where only a part of what belongs together is set."""
    missing = {channel: _missing(settings, channel) for channel in CHANNELS}
    if settings.agency_token and not settings.agency_endpoint:
        raise SettingsError("AGENCY_TOKEN is set, and AGENCY_ENDPOINT is not: set it as well, or none of them.")
    if settings.call_back_number and not dialled_number(settings.call_back_number):
        raise SettingsError(f"CALL_BACK_NUMBER {settings.call_back_number} is no number: write it like +6621234567.")
    application = missing[Channel.NOTICE]
    return Installation(
        closed_channels={channel: why for channel, why in missing.items() if why},
        no_access=f"{application}, and no endpoint takes {' and '.join(RESTRICTIONS)}" if application else None,
        no_agency=None if settings.agency_endpoint else "AGENCY_ENDPOINT is not set",
    )


def no_machine(settings: Settings) -> str | None:
    """Why the automatic service calls nobody; None: all that it needs is set, as far as settings say."""
    missing = [name for name in VOICE if not is_set(settings, name)]
    return f"{missing[0]} is not set" if missing else None


def is_set(settings: Settings, name: str) -> bool:
    """Whether a setting, by its name in the environment, has a value."""
    value = getattr(settings, name.lower())
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _missing(settings: Settings, channel: Channel) -> str | None:
    """Why it is closed; None: it is not. What only another channel's settings make use of is no part of this one."""
    names = CHANNELS[channel]
    if is_otherwise(settings, channel):
        if also := [name for name in names if is_set(settings, name)]:
            raise SettingsError(f"{OTHERWISE[channel]} is set beside {', '.join(also)}: set the one or the other.")
        return None
    missing = [name for name in names if not is_set(settings, name)]
    shared = {name for other, those in CHANNELS.items() if other is not channel for name in those}
    own = [name for name in names if name not in shared]
    others_use_it = any(
        is_set(settings, name)
        for other, those in CHANNELS.items()
        if other is not channel and shared.intersection(names, those)
        for name in those
        if name not in names
    )
    # Calls need the account as well, and may be all that it is for.
    others_use_it |= bool(settings.twilio_voice_from) and set(_TWILIO) <= set(names)
    if others_use_it and set(own) <= set(missing):
        return f"{own[0]} is not set"
    if 0 < len(missing) < len(names):
        there = ", ".join(name for name in names if name not in missing)
        raise SettingsError(
            f"{', '.join(missing)} not set, beside {there}: set all of them, or none (README, Settings)."
        )
    if missing and channel in OTHERWISE:
        return f"neither {OTHERWISE[channel]} nor {missing[0]} is set"
    return f"{missing[0]} is not set" if missing else None
