"""`python -m web`: takes webhooks in and serves the API until SIGTERM or Ctrl-C. What was taken by then is kept."""

import argparse
import asyncio
import logging
import sys

import uvicorn

from runtime.doors import doors
from runtime.leaving import leave
from runtime.settings import Settings, SettingsError, load_settings
from web.app import application

_DRAIN = 10
"""Seconds for requests that are under way."""


async def run(settings: Settings) -> None:
    async with doors(settings) as here:
        config = uvicorn.Config(
            application(here),
            host=settings.web_host,
            port=settings.web_port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_DRAIN,
        )
        await uvicorn.Server(config).serve()


def main() -> int:
    argparse.ArgumentParser(
        prog="python -m web", description=__doc__, epilog="Settings come from the environment: README.md, Settings."
    ).parse_args()
    try:
        settings = load_settings()
        logging.basicConfig(level=settings.dunning_log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every table at a first start
        asyncio.run(run(settings))
    except SettingsError as error:
        print(f"web: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    leave(main())
