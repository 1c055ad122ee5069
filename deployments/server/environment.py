"""What Prefect is told by environment variables, and where it keeps its files."""

import os
from pathlib import Path

from deployments.server.proxies import without_proxy_for_loopback
from rakuten.settings import Settings

HEARTBEAT_SECONDS = 30
LATE_AFTER_SECONDS = 300
# By this all automations of this project are known.
PREFIX = "rakuten: "
MARKS = f"{PREFIX}mark runs "
MARK = f"{MARKS}that died"


def prefect_home(settings: Settings) -> Path:
    """Where Prefect keeps its database."""
    return settings.outputs_folder / "prefect"


def ui_address(settings: Settings) -> str:
    """Where the Prefect UI of this machine is served."""
    return f"http://127.0.0.1:{settings.ui_port}"


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Variables for Prefect; what the user has set in the environment already wins."""
    defaults = {
        "PREFECT_HOME": str(prefect_home(settings)),
        # No other origin may read what the API answers; see `origin_guard`.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(settings.public_urls or [ui_address(settings)]),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # The library's log lines appear in the run that caused them.
        "PREFECT_LOGGING_EXTRA_LOGGERS": "rakuten",
        # Lines outside a run are for the terminal alone.
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_LOGGING_FORMATTERS_STANDARD_FORMAT": "%(asctime)s %(message)s",
        "PREFECT_LOGGING_FORMATTERS_STANDARD_FLOW_RUN_FMT": "%(asctime)s %(flow_run_name)s: %(message)s",
        "PREFECT_LOGGING_FORMATTERS_STANDARD_TASK_RUN_FMT": "%(asctime)s %(task_run_name)s: %(message)s",
        # A server on SQLite that Prefect starts by itself answers 503 when two flows write at once; a moment later the
        # same call succeeds.
        "PREFECT_CLIENT_RETRY_EXTRA_CODES": "503",
        "PREFECT_CLIENT_MAX_RETRIES": "8",
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        # By these a server tells a run that died from one that goes on; see `automations`.
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        # A run that waits for its turn behind others is not late yet.
        "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": str(LATE_AFTER_SECONDS),
    }
    chosen = {name: os.environ.get(name, value) for name, value in defaults.items()}
    return {**chosen, **without_proxy_for_loopback()}


def served_environment(settings: Settings) -> dict[str, str]:
    """The same for a server that also serves the UI."""
    return {
        **prefect_environment(settings),
        "PREFECT_UI_URL": ui_address(settings),
        # On the page's own origin: the UI also works as `localhost`, through an SSH tunnel on another port or a proxy.
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_UI_API_URL": "/api",
        "PREFECT__SERVER_FINAL": "1",
        # Automations see scheduled runs as they begin and end, not a quarter of an hour later.
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "deployments.server.event_order",
    }
