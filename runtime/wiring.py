"""Builds the gateways and the activities from the settings: the one place that knows which class is behind which port.

Everything is built before the first case is touched, so that a missing setting stops a worker at its start with one
sentence, and never a case in the middle.
"""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from temporalio.client import Client

from activities.calls import CallActivities
from activities.closings import ClosingActivities
from activities.collections import CollectionsActivities
from activities.contacts import ContactActivities
from activities.decisions import DecisionActivities
from activities.notices import StandingNotices
from activities.payments import PaymentActivities
from activities.renewals import RenewalActivities
from activities.service import ServiceActivities
from activities.situations import Situations
from domain.brand import BySegment
from domain.declines import DeclineTable
from domain.rules.law_table import LawTable
from domain.rules.minimum import MinimumCharges
from domain.rules.refusals import RefusalTable
from domain.rules.uses import NetworkRules
from domain.steps import Channel
from gateways.agency import agency_for
from gateways.evidence import build_bundle
from gateways.ledger.sql_ledger import SqlLedger
from gateways.merchant_app import MerchantApp, MerchantNotices
from gateways.messages import TemplateMessages
from gateways.policy_files import PolicyError, PolicyStore, policy_files
from gateways.ports.agency import Agency
from gateways.ports.ledger import Ledger
from gateways.ports.messages import Sender
from gateways.ports.metering import NO_METER, Meter
from gateways.preference_links import PreferenceLinks
from gateways.preference_page import PreferencePage
from gateways.renewal_messages import TemplateRenewals
from gateways.required_words import RequiredSentences
from gateways.rules import load_decline_table, load_law, load_minimum_charges, load_network_rules, load_refusals
from gateways.sendgrid_email import SendGridSender
from gateways.short_links import ShortLinks
from gateways.stripe_api import StripeApi
from gateways.stripe_origin import Served
from gateways.stripe_payments import StripePayments
from gateways.terms_file import TermsLinks
from gateways.twilio_sms import TwilioSender
from gateways.twilio_whatsapp import TwilioWhatsApp
from gateways.whatsapp_templates import WhatsAppTemplates, load_templates
from gateways.word_files import PhrasesError
from gateways.yaml_files import FileError
from runtime import letters
from runtime.branding import brand, brands
from runtime.equipment import installation, no_machine
from runtime.settings import SHIPPED, Settings, SettingsError, several
from service.customers import public_holidays, whereabouts
from service.intake import AT_ONCE, Intake

if TYPE_CHECKING:
    from gateways.line_api import LineApi


def utc_now() -> datetime:
    """The worker's own clock. Only for comparing with providers' records, never for a rule."""
    return datetime.now(UTC)


def holder() -> str:
    """The name of this process among all that share the ledger."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"


def open_ledger(settings: Settings) -> SqlLedger:
    return SqlLedger(settings.dunning_database_url)


def policy_store(settings: Settings) -> PolicyStore:
    """The policies, each of them no looser than the law of the places where it sells."""
    return PolicyStore(settings.dunning_policies, law(settings))


def law(settings: Settings) -> LawTable:
    """The tables of the law, read once by each process."""
    try:
        return _law(settings.law_folder)
    except FileError as error:
        raise _not_readable(error) from None


_law = lru_cache(4)(load_law)


def require_policies(settings: Settings) -> None:
    """What a merchant brings along, read before anything is taken in: the policies, and tables in place of ours.

    Raises SettingsError for what is missing or wrong.
    """
    try:
        policy_store(settings)
        if settings.rules_folder != SHIPPED / "rules":
            decline_table(settings)
            network_rules(settings)
            minimum_charges(settings)
            refusals(settings, "twilio")
    except PolicyError as error:
        raise SettingsError(str(error)) from None
    except FileError as error:
        raise _not_readable(error) from None


def decline_table(settings: Settings) -> DeclineTable:
    return load_decline_table(settings.rules_folder)


def network_rules(settings: Settings) -> NetworkRules:
    try:
        return load_network_rules(settings.rules_folder)
    except FileError as error:
        raise _not_readable(error) from None


def minimum_charges(settings: Settings) -> MinimumCharges:
    try:
        return load_minimum_charges(settings.rules_folder)
    except FileError as error:
        raise _not_readable(error) from None


def stripe_payments(settings: Settings, meter: Meter = NO_METER) -> StripePayments:
    base, account = settings.stripe_api_base, settings.stripe_account
    return StripePayments(settings.stripe_secret, base, settings.provider_timeout, account, meter)


def stripe_account(settings: Settings) -> StripeApi:
    """The account of the key itself: a platform's endpoints are its own, also for its connected accounts' events."""
    return StripeApi(settings.stripe_secret, settings.stripe_api_base, settings.provider_timeout)


def merchant_app(settings: Settings, meter: Meter = NO_METER) -> MerchantApp | None:
    """None: it is not set up. Raises SettingsError where it is half set up."""
    if Channel.NOTICE in installation(settings).closed_channels:
        return None
    url = settings.required("MERCHANT_WEBHOOK_URL")
    return MerchantApp(url, settings.merchant_secret, settings.provider_timeout, meter)


def agency(settings: Settings, meter: Meter = NO_METER) -> Agency | None:
    """None: it is not set up."""
    token = settings.agency_token.get_secret_value() if settings.agency_token else None
    endpoint = settings.agency_endpoint
    return agency_for(endpoint, token, settings.provider_timeout, meter) if endpoint else None


def refusals(settings: Settings, provider: str) -> RefusalTable:
    try:
        return load_refusals(settings.rules_folder, provider)
    except FileError as error:
        raise _not_readable(error) from None


def preference_links(settings: Settings) -> PreferenceLinks | None:
    """None: customers get no link, because its setting or the address of the web process is missing."""
    secrets = several(settings.dunning_link_secrets)
    return PreferenceLinks(settings.web_public_url, secrets) if settings.web_public_url and secrets else None


def short_links(settings: Settings) -> ShortLinks | None:
    """None: text messages have the provider's own long link; as for `preference_links`."""
    secrets = several(settings.dunning_link_secrets)
    return ShortLinks(settings.web_public_url, secrets) if settings.web_public_url and secrets else None


def terms_links(settings: Settings) -> TermsLinks | None:
    """None: the web process has no public address."""
    return TermsLinks(settings.web_public_url) if settings.web_public_url else None


def preference_page(settings: Settings) -> BySegment[PreferencePage]:
    """Raises SettingsError for words that cannot be read."""
    try:
        page = partial(PreferencePage, settings.messages_folders, language=settings.merchant_language)
        return brands(settings).made(page)
    except PhrasesError as error:
        raise _not_readable(error) from None


def senders(settings: Settings, app: MerchantApp | None, meter: Meter = NO_METER) -> dict[Channel, Sender]:
    """One for each channel that is set up. Raises SettingsError for one that is half set up."""
    closed = installation(settings).closed_channels
    found: dict[Channel, Sender] = {}
    if Channel.EMAIL not in closed:
        found[Channel.EMAIL] = _email_sender(settings, meter)
    if Channel.SMS not in closed:
        found[Channel.SMS] = _twilio_sender(settings, meter, TwilioSender, "TWILIO_FROM")
    if Channel.WHATSAPP not in closed:
        found[Channel.WHATSAPP] = _twilio_sender(settings, meter, TwilioWhatsApp, "TWILIO_WHATSAPP_FROM")
    if Channel.LINE not in closed:
        found[Channel.LINE] = _line_sender(settings, meter)
    if Channel.LETTER not in closed:
        found[Channel.LETTER] = letters.sender(settings, refusals(settings, "letter"), meter)
    if app:
        found[Channel.NOTICE] = MerchantNotices(app)
    return found


def _email_sender(settings: Settings, meter: Meter) -> SendGridSender:
    shown = brand(settings)
    return SendGridSender(
        settings.sendgrid_secret,
        settings.sendgrid_api_base,
        settings.required("SENDGRID_FROM_EMAIL"),
        shown.sender_name or shown.name,
        settings.provider_timeout,
        refusals(settings, "sendgrid"),
        reply_to=shown.answers_to,
        email_activity=settings.sendgrid_email_activity,
        activity_lag=settings.sendgrid_activity_lag,
        unsubscribe=links.link if (links := preference_links(settings)) else None,
        meter=meter,
    )


def _twilio_sender(settings: Settings, meter: Meter, kind: type[TwilioSender], sender: str) -> TwilioSender:
    return kind(
        settings.required("TWILIO_ACCOUNT_SID"),
        settings.twilio_secret,
        settings.twilio_api_base,
        settings.required(sender),
        settings.provider_timeout,
        refusals(settings, "twilio"),
        status_callback=settings.twilio_status_callback,
        list_lag=settings.twilio_list_lag,
        meter=meter,
    )


def data_files(settings: Settings) -> tuple[BySegment[TemplateMessages], DeclineTable, NetworkRules]:
    """What messages are written by, and the tables of declines and networks. Raises SettingsError."""
    try:
        links = preference_links(settings)
        messages = partial(
            TemplateMessages,
            settings.messages_folders,
            preferences=links.link if links else None,
            terms=terms.link if (terms := terms_links(settings)) else None,
            language=settings.merchant_language,
            whatsapp=whatsapp_templates(settings),
        )
        return brands(settings).made(messages), decline_table(settings), network_rules(settings)
    except (FileError, PhrasesError) as error:
        raise _not_readable(error) from None


def renewal_messages(settings: Settings, messages: BySegment[TemplateMessages]) -> BySegment[TemplateRenewals]:
    """The words of notices before a renewal. Raises SettingsError."""
    try:
        words = partial(TemplateRenewals, directories=settings.messages_folders, language=settings.merchant_language)
        return messages.made(words)
    except PhrasesError as error:
        raise _not_readable(error) from None


def line_api(settings: Settings, meter: Meter = NO_METER) -> "LineApi":
    from gateways.line_api import LineApi  # noqa: PLC0415 - LINE's SDK takes two seconds, for who has it alone

    return LineApi(settings.line_secret, settings.line_api_base, settings.provider_timeout, meter)


def _line_sender(settings: Settings, meter: Meter) -> Sender:
    from gateways.line_push import LineSender  # noqa: PLC0415 - as above

    return LineSender(line_api(settings, meter), refusals(settings, "line"))


def whatsapp_templates(settings: Settings) -> WhatsAppTemplates | None:
    """None: WhatsApp is not set up. Raises FileError."""
    file = settings.whatsapp_templates_file
    return load_templates(file) if file and Channel.WHATSAPP not in installation(settings).closed_channels else None


def _not_readable(error: Exception) -> SettingsError:
    return SettingsError(f"{str(error).removesuffix('.')}. DUNNING_POLICIES names the folder that is read.")


def required_words(settings: Settings) -> BySegment[RequiredSentences]:
    """What the law of a place wants messages to name. Raises SettingsError."""
    try:
        words = partial(RequiredSentences, settings.messages_folders, language=settings.merchant_language)
        return brands(settings).made(words)
    except FileError as error:
        raise _not_readable(error) from None


def situations(settings: Settings, ledger: Ledger) -> Situations:
    rules = network_rules(settings)
    minimums, here = minimum_charges(settings), installation(settings)
    return Situations(ledger, whereabouts, public_holidays, minimums, rules, here, law(settings))


def activities(
    settings: Settings, clock: Callable[[], datetime] = utc_now, meter: Meter = NO_METER
) -> list[Callable[..., Any]]:
    """All activities of the worker. Raises SettingsError for what is missing, PolicyError where there is no policy.

    The policies themselves are not read: one that is wrong opens no case, and holds up none that runs.
    """
    policy_files(settings.dunning_policies)
    ledger = open_ledger(settings)
    payments = stripe_payments(settings, meter)
    app = merchant_app(settings, meter)
    messages, declines, rules = data_files(settings)
    minimums = minimum_charges(settings)
    standing = situations(settings, ledger)
    paying = PaymentActivities(payments, ledger, declines, rules, minimums, clock, meter)
    ways = senders(settings, app, meter)
    words, short = required_words(settings), short_links(settings)
    notices = StandingNotices(ledger, MerchantNotices(app) if app else None)
    contacting = ContactActivities(payments, ledger, messages, ways, clock, standing, words, meter, short, notices)
    concluding = ClosingActivities(payments, ledger, contacting, messages, notices, standing, meter)
    announced = renewal_messages(settings, messages)
    noticing = RenewalActivities(payments, ledger, announced, ways, clock, standing, words, meter)
    calling = CallActivities(payments, ledger, meter, no_machine(settings))
    serving = ServiceActivities(payments, ledger, app)
    bundle = partial(build_bundle, creditor=brand(settings).name)
    collecting = CollectionsActivities(payments, ledger, agency(settings, meter), bundle)
    deciding = DecisionActivities(ledger, standing, meter)
    return [
        paying.charge,
        paying.record_payment,
        paying.cancel_subscription,
        paying.mark_uncollectible,
        contacting.contact,
        noticing.notice,
        calling.queue_call,
        concluding.conclude,
        serving.set_access,
        collecting.hand_off,
        collecting.recall,
        deciding.decide,
    ]


def served(settings: Settings) -> Served:
    """Whose events are taken."""
    return Served.by(settings.stripe_secret, settings.stripe_account)


def intake(
    settings: Settings,
    client: Client,
    ledger: Ledger,
    again: bool = False,
    at_once: int = AT_ONCE,
    meter: Meter = NO_METER,
) -> Intake:
    """The way in. Raises SettingsError when the payment provider's key is missing."""
    return Intake(
        client,
        settings.dunning_task_queue,
        ledger,
        stripe_payments(settings, meter),
        policy_store(settings),
        decline_table(settings),
        utc_now,
        at_once=at_once,
        again=again,
        served=served(settings),
        installation=installation(settings),
    )
