"""The list of what a server has registered: deployments, schedules, automations."""

from typing import Any

import pytest

from deployments import status as registered


def test_deployments_are_listed_with_their_schedules_and_automations_with_their_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nightly = {"schedule": {"cron": "0 2 * * *", "timezone": "Europe/Paris"}, "active": True}
    often = {"schedule": {"interval": 300.0}, "active": True}
    off = {"schedule": {"interval": 5.0}, "active": False}
    answers: dict[str, Any] = {
        "deployments/filter": [
            {"name": "backfill", "schedules": [off], "paused": False},
            {"name": "nightly", "schedules": [nightly], "paused": False},
            {"name": "watch", "schedules": [often], "paused": True},
        ],
        "automations/filter": [
            {"name": "rakuten: tell of drift", "enabled": False},
            {"name": "someone else's", "enabled": True},
        ],
    }
    monkeypatch.setattr(registered, "ask", lambda address, path, body: answers[path])
    lines = registered.registered_lines("http://127.0.0.1:4280/api")
    assert lines[0] == "registered with http://127.0.0.1:4280/api: 3 deployments, 1 automations"
    assert [line.split(maxsplit=1) for line in lines[3:6]] == [
        ["backfill", "–"],
        ["nightly", "0 2 * * * Europe/Paris"],
        ["watch", "paused"],
    ]
    assert lines[6] == "automation rakuten: tell of drift (switched off)"
