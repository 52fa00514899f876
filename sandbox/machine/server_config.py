"""Configuration files of the embedded Temporal server and its web UI."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.machine.ports import HOST

NAMESPACE = "default"
SERVICES = ("frontend", "history", "matching", "worker")
# Every port that the server and its UI listen on, all of them on the loopback address.
PORT_NAMES = (*SERVICES, *(f"{service}-membership" for service in SERVICES), "ui")

# Server 1.32's experimental time skipping, per workflow; never in production. Without the last line a skip costs about
# a second.
TIME_SKIPPING: Mapping[str, Any] = {
    "frontend.WorkflowTimeSkippingEnabled": True,
    "frontend.WorkflowTimeSkippingMaxSkipPerSession": 100_000,
    "history.timerProcessorMaxTimeShift": "10ms",
}

# The server asks its maker for news about versions unless this is set.
SERVER_ENV: Mapping[str, str] = {"TEMPORAL_VERSION_CHECK_DISABLED": "1"}


def database(data_dir: Path) -> Path:
    """The server's SQLite file."""
    return data_dir / "temporal.db"


def write_server_config(data_dir: Path, ports: Mapping[str, int], *, time_skipping: bool) -> Path:
    """Write server.yaml and dynamic.yaml into the data folder and return the path of the first.

    `ports` has one port for each of PORT_NAMES. Histories and visibility are in `database(data_dir)`, which
    survives the server. Both are written as JSON, which is YAML too.
    """
    dynamic = data_dir / "dynamic.yaml"
    values = TIME_SKIPPING if time_skipping else {}
    dynamic.write_text(json.dumps({key: [{"value": value}] for key, value in values.items()}, indent=2))
    server = data_dir / "server.yaml"
    server.write_text(json.dumps(_server(database(data_dir), dynamic, ports), indent=2))
    return server


def _server(file: Path, dynamic: Path, ports: Mapping[str, int]) -> dict[str, Any]:
    frontend = f"{HOST}:{ports['frontend']}"
    store = {
        "sql": {
            "pluginName": "sqlite",
            "databaseName": str(file),
            "connectAddr": "localhost",
            "connectProtocol": "tcp",
            "connectAttributes": {"cache": "private", "setup": "true", "journal_mode": "wal", "synchronous": "2"},
            "maxConns": 1,
            "maxIdleConns": 1,
            "maxConnLifetime": "1h",
        }
    }
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "cases",
            "visibilityStore": "visibility",
            "numHistoryShards": 1,
            "datastores": {"cases": store, "visibility": store},
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": HOST}},
        "services": {
            service: {
                "rpc": {
                    "grpcPort": ports[service],
                    "membershipPort": ports[f"{service}-membership"],
                    "bindOnLocalHost": True,
                }
            }
            for service in SERVICES
        },
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": frontend,
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "dynamicConfigClient": {"filepath": str(dynamic), "pollInterval": "60s"},
    }


def write_ui_config(data_dir: Path, temporal_address: str, port: int) -> Path:
    """Write the web UI's configuration and return its folder."""
    folder = data_dir / "ui"
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "temporalGrpcAddress": temporal_address,
        "host": HOST,
        "port": port,
        "enableUi": True,
        "defaultNamespace": NAMESPACE,
        "notifyOnNewVersion": False,
        # Over plain HTTP a browser would drop a secure cookie, and with it the token that sending a signal needs.
        "cors": {"cookieInsecure": True, "allowOrigins": [f"http://{HOST}:{port}"]},
        "hideLogs": True,
    }
    (folder / "development.yaml").write_text(json.dumps(config, indent=2))
    return folder
