"""The web process's application on a real port, in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from runtime.doors import doors
from runtime.settings import Settings
from runtime.telemetry import Telemetry
from sandbox.providers.http_server import HttpServer
from sandbox.providers.world import ProviderWorld
from web.app import application


class Web(NamedTuple):
    """url: without a slash at its end."""

    url: str
    http: httpx.AsyncClient
    app: FastAPI


@asynccontextmanager
async def serving(settings: Settings, watched: Telemetry | None = None) -> AsyncIterator[Web]:
    async with doors(settings, watched) as here:
        app = application(here)
        if watched:
            watched.trace_requests(app)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False)
        server = HttpServer(config)
        # In a program of its own it takes the signals; in the tests' process it must not.
        work = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            yield Web(url, http, app)
        server.leave()
        await work


@pytest.fixture
def web_settings(settings: Settings, world: ProviderWorld) -> Settings:
    secrets = SecretStr(f"whsec_old, {world.stripe.webhooks.secret}")
    return settings.model_copy(update={"stripe_webhook_secrets": secrets})


async def until(done: Callable[[], object], seconds: float = 20.0) -> None:
    """Looks until it is so. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def web(web_settings: Settings, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    async with serving(web_settings) as web:
        yield web


@pytest_asyncio.fixture
async def alone(web_settings: Settings, ledger: SqlLedger) -> AsyncIterator[Web]:
    """Temporal is away."""
    assert ledger
    async with serving(web_settings.model_copy(update={"temporal_address": "127.0.0.1:1"})) as web:
        yield web
