"""Deployments as the file has them: their forms in the Prefect UI, tags, and hours."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from prefect import Flow, get_client
from prefect.server.schemas.schedules import CronSchedule
from prefect.utilities.callables import parameter_schema
from prefect.utilities.importtools import import_object
from real_server import PROJECT

from flows.retrain import retrain
from flows.studies.images import study_images
from rakuten.recipes.loading import image_study_names, plan_names
from tasks.orchestration.project_flow import TAGS, project_flow

DEPLOYMENTS = yaml.safe_load((PROJECT / "deployments" / "prefect.yaml").read_text("utf-8"))["deployments"]


def choices(flow: Flow[..., Any], parameter: str) -> Any:
    names, path = parameter_schema(flow).properties[parameter]["anyOf"]
    assert path["type"] == "string"
    return names["enum"]


def test_the_form_lists_the_plans_of_this_project_and_takes_the_path_of_another() -> None:
    assert choices(retrain, "plan") == plan_names()
    assert choices(study_images, "plan") == image_study_names()


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["name"])
def test_runs_of_a_command_have_the_tags_of_the_deployment(deployment: dict[str, Any]) -> None:
    assert deployment["tags"] == [TAGS[import_object(deployment["entrypoint"]).name]]


@project_flow("retrain")
def tagged() -> str:
    from prefect.runtime import flow_run

    return str(flow_run.get_id())


@pytest.mark.usefixtures("prefect_api", "outputs")
def test_a_run_without_a_deployment_is_tagged_by_its_flow() -> None:
    run = tagged()
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(run).tags == ["training"]  # type: ignore[arg-type]


def test_the_nightly_run_has_its_hour_in_every_night_of_a_year() -> None:
    (nightly,) = [each for each in DEPLOYMENTS if each["name"] == "nightly"]
    (declared,) = nightly["schedules"]
    schedule = CronSchedule(cron=declared["cron"], timezone=declared["timezone"])
    start, end = datetime(2027, 1, 1, 12, tzinfo=UTC), datetime(2028, 1, 1, 12, tzinfo=UTC)
    dates = asyncio.run(schedule.get_dates(n=1000, start=start, end=end))
    assert len({date.date() for date in dates}) == len(dates) == 365
    assert {f"{date:%H:%M}" for date in dates} == {"03:00"}
