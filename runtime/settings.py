"""Settings: the only reader of the environment. Secrets never appear in a repr, a log or an error."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.sentences import dotted, sentence
from runtime.in_clear import in_clear
from runtime.zones import use_pinned_zones

ROOT = Path(__file__).resolve().parent.parent

SHIPPED = ROOT / "policies"
"""The policies, rule tables and texts of this release."""


def ledger_in(root: Path) -> str:
    """Where a checkout keeps its ledger; empty for an installed package, whose folder goes with the next release."""
    return f"sqlite:///{root / 'var' / 'dunning.db'}" if (root / "pyproject.toml").is_file() else ""


# At the import, so that no program that has settings can have read another zone before.
ZONES = use_pinned_zones()
"""The edition of the time zone database."""


class SettingsError(Exception):
    """A setting is missing or wrong. One sentence that names the variable and what to do."""


class Settings(BaseSettings):
    """Every variable of the system, by its name in the environment (upper case)."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None, env_ignore_empty=True)

    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    temporal_api_key: SecretStr | None = None
    temporal_tls: bool | None = None  # None: with an API key
    dunning_task_queue: str = "dunning"

    dunning_database_url: str = ledger_in(ROOT)
    # The merchant's policies; `rules/` and `messages/` in it take the place of those of the release.
    dunning_policies: Path = SHIPPED
    # Set to the release's id to take part in Temporal's worker versioning; then each release has to be made current.
    dunning_build_id: str | None = None
    # An effect mostly waits for a provider: with answers after 200 ms, 64 threads do twice as much as 16.
    dunning_activity_threads: int = Field(default=64, ge=1, le=1_000)
    # The SDK's deadlock detector gives a workflow task 2 s: few at a time, more by more processes.
    dunning_workflow_tasks: int = Field(default=8, ge=2, le=50)
    # How long a workflow task waits for the worker that has its case in memory, before any other may take it. After a
    # kill of that one, steps that are due within ten seconds may be late by this; then the server has noticed. But when
    # hundreds of cases wake at once, tasks wait for a worker that lives, and each that runs out costs events and a
    # replay: of 300 cases on two busy cores 339 tasks ran out with 3 s; of 500 none with 30 s.
    dunning_sticky_timeout: timedelta = Field(default=timedelta(seconds=30), gt=timedelta(0))
    dunning_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    stripe_api_key: SecretStr | None = None
    stripe_account: str | None = None  # the connected account that is served, of a platform; None: the key's own
    stripe_api_base: str = "https://api.stripe.com"
    # Of the webhook endpoints, parted by commas: whsec_…; while one is being rotated, the old and the new one.
    stripe_webhook_secrets: SecretStr | None = None

    sendgrid_api_key: SecretStr | None = None
    sendgrid_api_base: str = "https://api.sendgrid.com"
    sendgrid_from_email: str | None = None
    sendgrid_from_name: str | None = None  # None: the merchant's name
    # Whether the account has Email Activity, by which an unknown send can be looked up, and how late it may be.
    sendgrid_email_activity: bool = False
    sendgrid_activity_lag: timedelta = timedelta(minutes=5)

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_api_base: str = "https://api.twilio.com"
    twilio_from: str | None = None
    twilio_status_callback: str | None = None
    twilio_voice_from: str | None = None
    twilio_whatsapp_from: str | None = None
    twilio_whatsapp_templates: str | None = None  # a file, in the folder of the policies if it is no absolute path
    twilio_list_lag: timedelta = timedelta(seconds=30)  # how late Twilio's message list may be

    line_channel_access_token: SecretStr | None = None
    line_api_base: str = "https://api.line.me"
    # Channel secrets, by which LINE's webhooks are signed, parted by commas.
    line_webhook_secrets: SecretStr | None = None

    # Letters: a folder that somebody prints from, or a print service; and a folder of fonts beside ours.
    letter_folder: Path | None = None
    letter_url: str | None = None
    letter_key: SecretStr | None = None
    letter_fonts: Path | None = None

    # At which a person of the merchant answers who missed a call; with it people call.
    call_back_number: str | None = None

    merchant_webhook_url: str | None = None
    merchant_webhook_secret: SecretStr | None = None
    merchant_name: str = "Example"
    merchant_contact: str | None = None
    merchant_account_url: str | None = None  # where customers change their payment method
    merchant_language: str = "en"  # BCP 47; of customers whose own has no words

    # An http(s) URL, or a folder that bundles are written to; None: nothing is handed over.
    agency_endpoint: str | None = None
    agency_token: SecretStr | None = None

    sendgrid_webhook_keys: SecretStr | None = None  # public keys of its Event Webhook, parted by commas
    twilio_webhook_keys: SecretStr | None = None  # secrets of webhook keys, where some are in use
    # Of what the agency and the application tell us (Standard Webhooks), parted by commas.
    agency_webhook_secrets: SecretStr | None = None
    application_webhook_secrets: SecretStr | None = None
    # Signs the link by which customers say what they do without; with WEB_PUBLIC_URL it stands in every e-mail. Several
    # are parted by commas, the newest first: links of old ones go on working.
    dunning_link_secrets: SecretStr | None = None
    # What the world calls the web process by, in front of the path: https://dunning.example.com
    web_public_url: str | None = None
    # How long the text of an event is kept after it was taken: it holds names and addresses.
    dunning_inbox_kept_for: timedelta = Field(default=timedelta(days=90), gt=timedelta(0))
    # How long events of ours can be sent again.
    dunning_outbox_kept_for: timedelta = Field(default=timedelta(days=90), gt=timedelta(0))
    # Whether events may go by http and to addresses of this machine and its network: for the sandbox.
    dunning_outbox_private: bool = False
    # How often the sweep looks for what no webhook brought; zero: only by hand.
    dunning_sweep_every: timedelta = Field(default=timedelta(hours=6), ge=timedelta(0))
    # How far back the first one looks. Stripe keeps events for 30 days.
    dunning_sweep_back: timedelta = Field(default=timedelta(days=30), gt=timedelta(0), le=timedelta(days=30))
    # How old an event is before it is looked at: its webhook may still be on its way.
    dunning_sweep_grace: timedelta = Field(default=timedelta(minutes=10), ge=timedelta(0))
    # Pages of one run, each a second and some requests: the next run goes on.
    dunning_sweep_pages: int = Field(default=200, ge=1, le=1_000)
    # Where the web process listens. Behind a proxy that has the certificate; without one only the machine itself asks.
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8088, ge=0, le=65_535)  # 0: any that is free

    # Where metrics are shown: to this machine only. A port of 0 shows none; Temporal's SDK of the worker has its own.
    metrics_host: str = "127.0.0.1"
    worker_metrics_port: int = Field(default=9464, ge=0, le=65_535)
    temporal_metrics_port: int = Field(default=9465, ge=0, le=65_535)
    web_metrics_port: int = Field(default=9466, ge=0, le=65_535)
    # Where traces go, by OTLP over HTTP; without it nothing is traced.
    otel_exporter_otlp_endpoint: str | None = None
    otel_exporter_otlp_headers: SecretStr | None = None  # name=value, parted by commas

    provider_timeout: timedelta = Field(default=timedelta(seconds=10), gt=timedelta(0))

    @property
    def rules_folder(self) -> Path:
        """Where the rule tables are read: those of the release, unless the folder of the policies has its own."""
        return self._own_or_shipped("rules")

    @property
    def law_folder(self) -> Path:
        """As `rules_folder`, for the tables of the law: who has rule tables of their own need not have these."""
        own = self.rules_folder / "law"
        return own if own.is_dir() else SHIPPED / "rules/law"

    @property
    def messages_folders(self) -> tuple[Path, ...]:
        """Where texts and layouts of messages are read: those of the release, and over them the merchant's own."""
        own = self.dunning_policies / "messages"
        return (SHIPPED / "messages", own) if own.is_dir() and own != SHIPPED / "messages" else (SHIPPED / "messages",)

    @property
    def whatsapp_templates_file(self) -> Path | None:
        """Which texts WhatsApp has approved; None: nothing is sent there."""
        named = self.twilio_whatsapp_templates
        return self.dunning_policies / named if named else None

    def _own_or_shipped(self, name: str) -> Path:
        own = self.dunning_policies / name
        return own if own.is_dir() else SHIPPED / name

    @property
    def uses_tls(self) -> bool:
        """Whether Temporal is connected to by TLS: a key goes out by nothing else unless that is said."""
        return self.temporal_api_key is not None if self.temporal_tls is None else self.temporal_tls

    @cached_property
    def stripe_secret(self) -> str:
        return self._required("STRIPE_API_KEY", self.stripe_api_key)

    @cached_property
    def sendgrid_secret(self) -> str:
        return self._required("SENDGRID_API_KEY", self.sendgrid_api_key)

    @cached_property
    def twilio_secret(self) -> str:
        return self._required("TWILIO_AUTH_TOKEN", self.twilio_auth_token)

    @cached_property
    def line_secret(self) -> str:
        return self._required("LINE_CHANNEL_ACCESS_TOKEN", self.line_channel_access_token)

    @cached_property
    def letter_secret(self) -> str:
        return self._required("LETTER_KEY", self.letter_key)

    @cached_property
    def merchant_secret(self) -> str:
        return self._required("MERCHANT_WEBHOOK_SECRET", self.merchant_webhook_secret)

    def required(self, variable: str) -> str:
        """The text setting with this environment name; SettingsError when it is not set."""
        value = getattr(self, variable.lower())
        return self._required(variable, SecretStr(value) if value else None)

    @staticmethod
    def _required(variable: str, value: SecretStr | None) -> str:
        if value is None or not value.get_secret_value():
            raise SettingsError(f"{variable} is not set: set it in the environment (README, Settings).")
        return value.get_secret_value()


def several(setting: SecretStr | None) -> list[str]:
    """A setting that may hold several secrets, parted by commas."""
    parts = setting.get_secret_value().split(",") if setting else []
    return [part.strip() for part in parts if part.strip()]


def load_settings() -> Settings:
    """Reads the environment. Raises SettingsError that names every wrong variable, without its value."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(sentence(error, Settings, place=lambda loc: dotted(loc).upper())) from None
    if not settings.dunning_database_url:
        raise SettingsError(
            "DUNNING_DATABASE_URL is not set: set it to postgresql://USER:PASSWORD@HOST/DATABASE, or to a file such as "
            "sqlite:////var/lib/dunning/ledger.db; only a checkout has a place of its own."
        )
    if found := "; ".join(in_clear(settings)):
        raise SettingsError(f"{found}.")
    return settings
