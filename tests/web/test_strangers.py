"""A text or a chat asks whom it was not meant for to say so; that answer closes the address, in every language."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio.client import Client

from domain.steps import TEXTS, Channel
from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import a_failed_invoice, failed
from tests.gateways.test_messages import LANGUAGES
from tests.gateways.test_ways_out import phrase
from tests.web.conftest import Web, serving, until

PUBLIC = "https://dunning.example.com"
ANSWERS = {
    "en": ("Not for you", "Not for me"),
    "th": ("ไม่ใช่ของท่าน", "ไม่ใช่ของฉันค่ะ"),
    "de": ("Nicht für Sie", "Nicht für mich"),
    "fr": ("Pas pour vous", "Pas pour moi"),
    "es": ("No es para usted", "No es para mí"),
    "pt-BR": ("Veio por engano", "Veio por engano"),
    "ja": ("心当たりがない", "心当たりがないです"),
}
"""What each language's message asks about, and how somebody says so of themselves."""


@pytest_asyncio.fixture
async def web(web_settings: Settings, world: ProviderWorld, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    more = {"web_public_url": PUBLIC, "line_webhook_secrets": SecretStr(world.line.secret)}
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


def asked(language: str) -> str:
    """What our message says, up to where it asks to be told."""
    return re.split(r"\?|場合| โปรด", phrase(language, "sms.stranger"))[0].strip(" ¿")


async def answered(web: Web, world: ProviderWorld, channel: Channel, address: str, words: str) -> None:
    """Signed by the provider, as it calls us."""
    if channel is Channel.LINE:
        event = {
            "type": "message",
            "timestamp": 1_900_000_000_000,
            "source": {"type": "user", "userId": address},
            "webhookEventId": address,
            "message": {"type": "text", "text": words},
        }
        body = web.http.build_request("POST", "/", json={"destination": "U0", "events": [event]}).content
        answer = await web.http.post("/webhooks/line", content=body, headers=world.line.sign(body))
    else:
        sender = address if channel is Channel.SMS else f"whatsapp:{address}"
        fields = {"MessageSid": f"SM{address}", "SmsStatus": "received", "From": sender, "Body": words}
        signed = world.twilio.sign(f"{PUBLIC}/webhooks/twilio", fields)
        answer = await web.http.post("/webhooks/twilio", content=urlencode(fields).encode(), headers=signed)
    assert answer.is_success


def test_every_language_that_asks_has_its_answer_here() -> None:
    assert {*LANGUAGES} == {*ANSWERS}
    assert [] == [language for language, (words, _) in ANSWERS.items() if words not in asked(language)]


@pytest.mark.parametrize("channel", TEXTS)
async def test_the_answer_that_our_message_asks_for_closes_the_address_in_every_language(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, channel: Channel
) -> None:
    """In their own words, and in ours sent back. A number that is somebody else's is so for texts and for WhatsApp."""
    customers = []
    given = [words for language in LANGUAGES for words in (ANSWERS[language][1], asked(language))]
    for number, words in enumerate(given, 10):
        phone, user = f"+141555501{number}", f"U{number:032x}"
        invoice, customer = a_failed_invoice(world, phone=phone, country="US", metadata={"line_user_id": user})
        await intake.take_event(failed(world, invoice))
        customers.append(customer)
        await answered(web, world, channel, user if channel is Channel.LINE else phone, words)
    await until(lambda: len(ledger.inbox()) == len(given) and {row.state for row in ledger.inbox()} == {"done"})

    closed = [Channel.LINE] if channel is Channel.LINE else [Channel.SMS, Channel.WHATSAPP, Channel.PHONE]
    expected = dict.fromkeys(given, dict.fromkeys(closed, "invalid address"))
    assert expected == dict(zip(given, map(ledger.closed_channels, customers), strict=True))
