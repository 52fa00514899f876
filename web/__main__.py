"""`python -m web`: takes webhooks in and serves the API until SIGTERM or Ctrl-C. What was taken by then is kept."""

import argparse
import sys

import uvicorn
import uvloop

from runtime.doors import doors
from runtime.leaving import leave
from runtime.logs import log_as_json
from runtime.settings import Settings, SettingsError, load_settings
from runtime.telemetry import telemetry
from web.app import application

_DRAIN = 10
"""Seconds for requests that are under way."""


async def run(settings: Settings) -> None:
    watched = telemetry(settings, "dunning-web")
    async with doors(settings, watched) as here:
        app = application(here)
        watched.trace_requests(app)
        watched.serve(settings.metrics_host, settings.web_metrics_port)
        config = uvicorn.Config(
            app,
            host=settings.web_host,
            port=settings.web_port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_DRAIN,
        )
        await uvicorn.Server(config).serve()
    watched.close()


def main() -> int:
    argparse.ArgumentParser(
        prog="python -m web", description=__doc__, epilog="Settings come from the environment: README.md, Settings."
    ).parse_args()
    try:
        settings = load_settings()
        log_as_json(settings.dunning_log_level)
        uvloop.run(run(settings))
    except SettingsError as error:
        print(f"web: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    leave(main())
