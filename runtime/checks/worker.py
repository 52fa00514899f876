"""What a worker reads before it starts: its settings, the policies and tables, the texts, the time zones."""

from collections.abc import Collection, Sequence

from domain import reach
from domain.brand import Brand
from domain.closed import Closed
from domain.policy import Policy
from domain.steps import CHANNEL_NAMES, WRITTEN, Channel, Stage
from gateways.messages import TemplateMessages
from gateways.required_words import RequiredSentences
from gateways.rules import load_decline_table, load_law, load_minimum_charges, load_network_rules, load_refusals
from runtime import wiring
from runtime.branding import brand, brands
from runtime.checks.look import Check, Look, fault
from runtime.equipment import CHANNELS, installation, is_set, lacking
from runtime.settings import ZONES, Settings

WORKER_NEEDS = (
    "STRIPE_API_KEY",
    "MERCHANT_CONTACT",
)
"""The settings without which no worker starts. Those of a channel (`runtime/equipment.py`) may all be missing."""

WHOLE = "channels' settings"
"""The check without which nothing can be said of a channel."""

_NAMED = 3
_OLD_ZONES = 2  # years: a country changes its clocks every year


def _worker_settings(look: Look) -> str:
    missing = [name for name in WORKER_NEEDS if not is_set(look.settings, name)]
    if missing == ["MERCHANT_CONTACT"]:
        brand(look.settings)  # its file may say where customers get an answer
        return "all that are needed are set"
    if missing:
        raise fault(f"{', '.join(missing)} not set: set them in the environment (README, Settings).")
    return "all that are needed are set"


def _channels_settings(look: Look) -> str:
    installation(look.settings)
    return "of each channel all are set, or none"


def _zones(look: Look) -> str:
    if int(ZONES.iana[:4]) <= look.now().year - _OLD_ZONES:
        raise fault(
            f"The time zone table {ZONES.iana} is years old, and steps would come at wrong hours: install a newer "
            "release, or a newer tzdata."
        )
    return f"{ZONES.iana} (tzdata {ZONES.package})"


def _policies(look: Look) -> str:
    return ", ".join(f"{policy.name}@{policy.version}" for policy in wiring.policy_store(look.settings).policies)


def _channels(look: Look) -> str:
    """A closed channel is a fault where a policy has something to say that no other one takes over."""
    closed = installation(look.settings).closed_channels
    policies = wiring.policy_store(look.settings).policies
    lost = {str(policy.name): found for policy in policies if (found := reach.unsaid(policy, closed))}
    if closed.keys() >= set(WRITTEN):
        raise fault(f"Nothing can be said to anybody, and no case is opened: set {_to_begin(look.settings, policies)}")
    if lost:
        said = "; ".join(f"policy {name}: {_some(found)}" for name, found in lost.items())
        wanted = {channel for policy in policies if str(policy.name) in lost for channel in reach.wanted(policy)}
        why = _closed(look.settings, closed.keys() & wanted)
        raise fault(
            f"No channel is left for what policies have to say ({said}). {why}: set them, or change the policy."
        )
    opened = ", ".join(CHANNEL_NAMES[channel] for channel in CHANNELS if channel not in closed)
    # Calls are made by people: they are spoken of where a policy has one.
    calls = any(Channel.PHONE in reach.wanted(policy) for policy in policies)
    named = closed if calls else closed.keys() - {Channel.PHONE}
    return "; ".join(filter(None, (f"{opened} open", _unused(policies, closed), _closed(look.settings, named))))


def _to_begin(settings: Settings, policies: Sequence[Policy]) -> str:
    """What to set where nothing is set, all of it: the channels of which one is enough for what policies say, and the
    others."""
    enough, more = list[Channel](), list[Channel]()
    for channel in WRITTEN:
        closed: dict[Channel, str] = {other: "" for other in CHANNELS if other not in (channel, Channel.PHONE)}
        (more if any(reach.unsaid(policy, closed) for policy in policies) else enough).append(channel)
    if not enough:
        wanted = {channel for policy in policies for channel in reach.wanted(policy)}
        return f"{_settings(settings, [each for each in CHANNELS if each in wanted], ', and ')}."
    others = (
        f" Alone these are not enough: {_settings(settings, more, ', or ')}; policies would have to write there for"
    )
    more_to_do = f"{others} all that they say (docs/connect.md, step 6)." if more else ""
    return f"{_settings(settings, enough, ', or ')}.{more_to_do}"


def _settings(settings: Settings, channels: Sequence[Channel], between: str) -> str:
    return between.join(f"{', '.join(lacking(settings, each))} for {CHANNEL_NAMES[each]}" for each in channels)


def _unused(policies: Sequence[Policy], closed: Collection[Channel]) -> str:
    """Those that are open and that nothing goes out by: the shipped policies name no chat."""
    if any(reach.asks_for_the_best(policy) for policy in policies):
        return ""  # which takes any that a customer prefers
    used = {each for policy in policies for each in (*reach.wanted(policy), *policy.contacts.fallback.values())}
    unused = ", ".join(CHANNEL_NAMES[each] for each in CHANNELS if each not in used and each not in closed)
    return f"no policy writes by {unused}" if unused else ""


def _closed(settings: Settings, closed: Collection[Channel]) -> str:
    """Those of the channels that are closed, each with the settings that would open it."""
    names = ((CHANNEL_NAMES[each], ", ".join(lacking(settings, each))) for each in CHANNELS if each in closed)
    return "; ".join(f"{name} closed: {missing} not set" for name, missing in names)


def _some(messages: Sequence[str]) -> str:
    """The first ones by name: a long policy would fill the screen."""
    more = len(messages) - _NAMED
    return ", ".join(messages[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _declines(look: Look) -> str:
    return f"edition {load_decline_table(look.settings.rules_folder).edition}"


def _network_rules(look: Look) -> str:
    rules = load_network_rules(look.settings.rules_folder)
    return f"edition {rules.networks.edition}, rails {rules.rails.edition}"


def _minimums(look: Look) -> str:
    return f"edition {load_minimum_charges(look.settings.rules_folder).edition}"


def _law(look: Look) -> str:
    table = load_law(look.settings.law_folder)
    unread = sum(not row.verified for rule in table.rules.values() for row in rule.rows)
    return f"{len(table.rules)} rules in {len(table.places)} places, {unread} not verified"


def _twilios(look: Look) -> str:
    of_messages, of_calls = (load_refusals(look.settings.rules_folder, name) for name in ("twilio", "twilio-voice"))
    return f"edition {of_messages.edition}, of calls {of_calls.edition}"


def _sendgrids(look: Look) -> str:
    return f"edition {load_refusals(look.settings.rules_folder, 'sendgrid').edition}"


def _lines(look: Look) -> str:
    return f"edition {load_refusals(look.settings.rules_folder, 'line').edition}"


def _letters(look: Look) -> str:
    return f"edition {load_refusals(look.settings.rules_folder, 'letter').edition}"


def _messages(look: Look) -> str:
    found = brands(look.settings)
    shown = found.own
    if shown.name == look.settings.merchant_name and "merchant_name" not in look.settings.model_fields_set:
        raise fault(
            "MERCHANT_NAME is not set, and customers would read messages of "
            f"{shown.name}: set it to the name by which they know you."
        )
    settings = look.settings
    for each in (shown, *found.segments.values()):
        TemplateMessages(settings.messages_folders, each, language=settings.merchant_language)
        RequiredSentences(settings.messages_folders, each, language=settings.merchant_language)
    segments = "".join(f"; {_answers(each)} (segment {name})" for name, each in found.segments.items())
    return f"well formed; {_answers(shown)}{segments}"


def _renewals(look: Look) -> str:
    """Nothing is wrong without the page, but what policies want said before renewals is not."""
    speaking = [policy for policy in wiring.policy_store(look.settings).policies if policy.renewals.on]
    told = ", ".join(policy.name for policy in speaking)
    by_whatsapp = ", ".join(policy.name for policy in speaking if policy.renewals.channel is Channel.WHATSAPP)
    if told and not brands(look.settings).own.account:
        return f"nothing is said before them, as policy {told} wants: MERCHANT_ACCOUNT_URL is not set"
    approved = wiring.whatsapp_templates(look.settings)
    if by_whatsapp and approved and not approved.has_renewals:
        return f"policy {by_whatsapp} wants them by WhatsApp, and TWILIO_WHATSAPP_TEMPLATES has no renewal"
    return f"said before them by policy {told}" if told else "no policy has anything said before them"


def _closings(look: Look) -> str:
    """What no template says by WhatsApp goes by the policy's fallback: a fault where it has none."""
    policies = wiring.policy_store(look.settings).policies
    approved = wiring.whatsapp_templates(look.settings)
    missing = approved.without(Stage.CLOSING) if approved else ()
    wanting = [policy for policy in policies if missing and Channel.WHATSAPP in _ways_of_closings(policy)]
    if wanting:
        lacks = f"TWILIO_WHATSAPP_TEMPLATES has no closing in {', '.join(missing)}"
        if lost := [policy.name for policy in wanting if Channel.WHATSAPP not in policy.contacts.fallback]:
            raise fault(
                f"Policy {', '.join(lost)} tells by WhatsApp how a case ended, and {lacks}: have one approved, or name "
                "another channel under closing or in fallback."
            )
        return f"policy {', '.join(policy.name for policy in wanting)} tells them by WhatsApp, and {lacks}: by fallback"
    told = ", ".join(policy.name for policy in policies if policy.closing.on)
    return f"told by policy {told}" if told else "no policy tells how a case ended"


def _ways_of_closings(policy: Policy) -> set[Channel]:
    """Where they may go: their channels, and what takes the place of these."""
    ways = {channel for closed in Closed if (channel := policy.closing.channel(closed))}
    while more := {policy.contacts.fallback[each] for each in ways if each in policy.contacts.fallback} - ways:
        ways |= more
    return ways


def _answers(shown: Brand) -> str:
    return f"{shown.name} answers customers at {', '.join(way.shown for way in shown.ways)}"


CHECKS = (
    Check("worker's settings", _worker_settings),
    Check(WHOLE, _channels_settings),
    Check("time zones", _zones),
    Check("policies", _policies),
    Check("channels", _channels, after=(WHOLE, "policies")),
    Check("decline table", _declines),
    Check("network rules", _network_rules),
    Check("minimum charges", _minimums),
    Check("law of contacts", _law),
    Check("Twilio's refusals", _twilios),
    Check("SendGrid's refusals", _sendgrids),
    Check("LINE's refusals", _lines),
    Check("print services' refusals", _letters),
    Check("message texts", _messages),
    Check("renewals", _renewals, after=(WHOLE, "policies", "message texts")),
    Check("closing messages", _closings, after=(WHOLE, "policies", "message texts")),
)
