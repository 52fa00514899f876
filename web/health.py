"""`python -m web.health`: whether the web process of this machine takes webhooks in. For a container's health check."""

import sys
from http.client import HTTPConnection, HTTPException

from runtime.leaving import leave
from runtime.settings import SettingsError, load_settings


def main() -> int:
    """Exit code 0 when it does, else 1 with one line on stderr."""
    try:
        settings = load_settings()
        connection = HTTPConnection("127.0.0.1", settings.web_port, timeout=5)
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, HTTPException, SettingsError) as error:
        print(f"web: {error}", file=sys.stderr)
        return 1
    if status >= 300:
        print("web: the ledger does not answer", file=sys.stderr)
    return int(status >= 300)


if __name__ == "__main__":
    leave(main())
