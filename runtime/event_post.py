"""The way to the merchant's endpoints, as this installation's settings allow it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from gateways.ports.metering import NO_METER, Meter
from gateways.webhook_post import WebhookPost
from runtime.settings import Settings

_ANSWERS_WITHIN = timedelta(seconds=15)
"""How long a merchant's endpoint may take: Standard Webhooks advises 15 to 30 s."""


@asynccontextmanager
async def event_post(settings: Settings, meter: Meter = NO_METER) -> AsyncIterator[WebhookPost]:
    """Closed when it is left. For one event loop."""
    post = WebhookPost(_ANSWERS_WITHIN, lambda: datetime.now(UTC), private=settings.dunning_outbox_private, meter=meter)
    try:
        yield post
    finally:
        await post.close()
