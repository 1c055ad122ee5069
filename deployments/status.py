"""Listing of what a server knows of this project, as lines of text."""

from typing import Any

from deployments.server.api import ask
from deployments.server.environment import PREFIX
from rakuten.pages.terminal import table


def registered_lines(address: str) -> list[str]:
    """Deployments with their schedules, and automations, as the server has them.

    Args:
        address: Of the server's API.
    """
    deployments = ask(
        address, "deployments/filter", {"work_pools": {"name": {"any_": ["rakuten"]}}, "sort": "NAME_ASC"}
    )
    automations = [found for found in ask(address, "automations/filter", {}) if found["name"].startswith(PREFIX)]
    rows = [[found["name"], _schedule(found)] for found in deployments]
    return [
        f"registered with {address}: {len(deployments)} deployments, {len(automations)} automations",
        *table(["deployment", "schedule"], rows),
        *(f"automation {found['name']}{'' if found['enabled'] else ' (switched off)'}" for found in automations),
    ]


def _schedule(deployment: dict[str, Any]) -> str:
    schedules = [found["schedule"] for found in deployment["schedules"] if found["active"]]
    words = [found.get("cron") or f"every {found.get('interval'):g} s" for found in schedules]
    zones = [f" {found['timezone']}" if found.get("timezone") else "" for found in schedules]
    if deployment.get("paused") and schedules:
        return "paused"
    return ", ".join(word + zone for word, zone in zip(words, zones, strict=True)) or "–"
