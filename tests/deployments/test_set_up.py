"""Each start repairs the work pool, deployments and automations of a server, and leaves what a person switched off."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import get_client
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.actions import DoNothing
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger
from prefect.settings import PREFECT_API_URL
from prefect.variables import Variable
from real_server import PROJECT

from deployments.automations import WEBHOOK
from deployments.server.environment import MARK, PREFIX
from deployments.set_up import DEPLOYED, set_up
from deployments.work_pool import COMMAND, POOL, QUEUES
from rakuten.errors import InputError
from rakuten.settings import Settings

pytestmark = pytest.mark.timeout(900)

KEPT = ("nightly", "watch-catalogue", "new-dump")
ADDRESS = "http://127.0.0.1:9/told"


class Server:
    """A server that this project was set up on once.

    Attributes:
        whole: Its state after that; each test leaves it so.
    """

    def __init__(self, client: SyncPrefectClient, file: Path) -> None:
        self.client = client
        self.file = file
        self.settings = Settings(webhook=ADDRESS)
        self.start()
        self.whole = self.state()

    def start(self) -> None:
        set_up(self.settings, self.file)

    def deployments(self) -> dict[str, DeploymentResponse]:
        return {found.name: found for found in self.client.read_deployments() if found.name in KEPT}

    def automations(self) -> dict[str, Automation]:
        return {found.name: found for found in self.client.read_automations()}

    def state(self) -> dict[str, Any]:
        """All that a start is to bring about, without ids."""
        return {
            "deployments": {
                name: {
                    "queue": (found.work_pool_name, found.work_queue_name),
                    "parameters": found.parameters,
                    "limit": found.global_concurrency_limit and found.global_concurrency_limit.limit,
                    "collision": found.concurrency_options and found.concurrency_options.collision_strategy,
                    "schedules": [(each.slug, each.active) for each in found.schedules],
                    "entrypoint": found.entrypoint,
                }
                for name, found in self.deployments().items()
            },
            "queues": {queue.name: queue.priority for queue in self.client.read_work_queues(work_pool_name=POOL)},
            "pool": self.client.read_work_pool(POOL).type,
            "automations": {name: found.enabled for name, found in self.automations().items()},
            "trigger": self.automations()["dump arrived"].trigger.model_dump(exclude={"id"}),
            "told": Webhook.load(WEBHOOK).url.get_secret_value(),
            "deployed": Variable.get(DEPLOYED) is not None,
        }


@pytest.fixture(scope="module")
def server(prefect_api: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    file = tmp_path_factory.mktemp("set-up") / "prefect.yaml"
    content = yaml.safe_load((PROJECT / "deployments" / "prefect.yaml").read_text("utf-8"))
    content["deployments"] = [each for each in content["deployments"] if each["name"] in KEPT]
    file.write_text(yaml.safe_dump(content), "utf-8")
    with pytest.MonkeyPatch.context() as patch, get_client(sync_client=True) as client:
        # Deployments are registered by a process of their own.
        patch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
        yield Server(client, file)


def delete_pool(server: Server) -> None:
    server.client.delete_work_pool(POOL)


def make_pool_of_another_type(server: Server) -> None:
    server.client.delete_work_pool(POOL)
    server.client.create_work_pool(WorkPoolCreate(name=POOL, type="docker"))


def empty_the_pools_template(server: Server) -> None:
    server.client.update_work_pool(POOL, WorkPoolUpdate(base_job_template={}))


def delete_queue(server: Server) -> None:
    queue = server.client.read_work_queue_by_name("nightly", work_pool_name=POOL)
    server.client.delete_work_queue_by_id(queue.id)


def change_priority(server: Server) -> None:
    queue = server.client.read_work_queue_by_name("nightly", work_pool_name=POOL)
    server.client.update_work_queue(queue.id, priority=9)


def delete_deployment(server: Server) -> None:
    server.client.delete_deployment(server.deployments()["new-dump"].id)


def take_queue_from_deployment(server: Server) -> None:
    update = DeploymentUpdate(work_pool_name=POOL, work_queue_name="backfill")
    server.client.update_deployment(server.deployments()["nightly"].id, update)


def change_entrypoint(server: Server) -> None:
    update = DeploymentUpdate(entrypoint="flows.elsewhere.nightly")
    server.client.update_deployment(server.deployments()["nightly"].id, update)


def drop_parameters(server: Server) -> None:
    server.client.update_deployment(server.deployments()["nightly"].id, DeploymentUpdate(parameters={}))


def drop_limit(server: Server) -> None:
    found = server.deployments()["nightly"].id
    server.client.request("PATCH", "/deployments/{id}", path_params={"id": found}, json={"concurrency_limit": None})


def delete_schedule(server: Server) -> None:
    found = server.deployments()["nightly"]
    server.client.delete_deployment_schedule(found.id, found.schedules[0].id)


def delete_trigger(server: Server) -> None:
    server.client.delete_automation(server.automations()["dump arrived"].id)


def damage_trigger(server: Server) -> None:
    change_automation(server, "dump arrived", trigger=EventTrigger(expect={"something.else"}, posture="Reactive"))


def delete_automation(server: Server) -> None:
    server.client.delete_automation(server.automations()[f"{PREFIX}tell of failed runs"].id)


def delete_mark(server: Server) -> None:
    server.client.delete_automation(server.automations()[MARK].id)


def damage_automation(server: Server) -> None:
    change_automation(server, f"{PREFIX}tell of drift", actions=[DoNothing()])


def change_automation(server: Server, name: str, **changes: Any) -> None:
    found = server.automations()[name]
    kept = {field: getattr(found, field) for field in ("description", "trigger", "actions")}
    server.client.update_automation(found.id, AutomationCore(name=name, **{**kept, **changes}))


def delete_block(server: Server) -> None:
    document = server.client.read_block_document_by_name(WEBHOOK, "webhook")
    server.client.delete_block_document(document.id)


def change_address(server: Server) -> None:
    Webhook(method="POST", url="http://elsewhere.example/").save(WEBHOOK, overwrite=True)


@pytest.mark.parametrize(
    ("damage", "lines"),
    [
        (delete_pool, ("work pool rakuten created", "put back work_pool_name")),
        (make_pool_of_another_type, ("was of type docker",)),
        (empty_the_pools_template, ("command of its runs set",)),
        (delete_queue, ("work queue nightly created", "deployment nightly: put back")),
        (change_priority, ("work queue nightly: priority 9 set back to 1",)),
        (delete_deployment, ("deployments absent: new-dump",)),
        (take_queue_from_deployment, ("deployment nightly: put back work_pool_name, work_queue_name",)),
        (change_entrypoint, ("deployment nightly: put back entrypoint",)),
        (drop_parameters, ("deployment nightly: put back parameters",)),
        (drop_limit, ("deployment nightly: put back concurrency_limit",)),
        (delete_schedule, ("deployment nightly: put back schedule nightly",)),
        (delete_trigger, ("deployment new-dump: put back trigger dump arrived",)),
        (damage_trigger, ("deployment new-dump: put back trigger dump arrived",)),
        (delete_automation, ("automation tell of failed runs created",)),
        (delete_mark, ("automation mark runs that died created",)),
        (damage_automation, ("automation tell of drift brought up to date",)),
        (delete_block, (f"webhook block {WEBHOOK} created",)),
        (change_address, ("its address is RAKUTEN_WEBHOOK again",)),
    ],
    ids=lambda value: value.__name__.replace("_", "-") if callable(value) else "",
)
def test_what_was_deleted_or_damaged_is_repaired_with_a_line_that_says_so(
    server: Server, damage: Callable[[Server], None], lines: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    damage(server)
    with caplog.at_level(logging.INFO, "rakuten.serving"):
        server.start()
    assert server.state() == server.whole
    for line in lines:
        assert sum(line in message for message in caplog.messages) >= 1, caplog.messages
    runs = server.client.read_work_pool(POOL).base_job_template["variables"]["properties"]["command"]
    assert runs["default"] == COMMAND
    assert QUEUES.items() <= server.whole["queues"].items()


def test_a_start_that_finds_all_in_order_says_nothing(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "rakuten.serving"):
        server.start()
    assert caplog.messages == []


def test_what_a_person_switched_off_stays_off_and_is_named(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    client = server.client
    nightly, watch = server.deployments()["nightly"], server.deployments()["watch-catalogue"]
    queue = client.read_work_queue_by_name("backfill", work_pool_name=POOL)
    told = server.automations()[f"{PREFIX}tell of drift"]
    client.update_deployment_schedule(nightly.id, nightly.schedules[0].id, active=False)
    client.pause_deployment(watch.id)
    client.update_work_queue(queue.id, is_paused=True)
    client.update_work_pool(POOL, WorkPoolUpdate(is_paused=True, concurrency_limit=3))
    client.pause_automation(told.id)
    client.update_deployment(nightly.id, DeploymentUpdate(parameters={**nightly.parameters, "plan": "demo"}))
    try:
        with caplog.at_level(logging.INFO, "rakuten.serving"):
            server.start()
            Variable.unset(DEPLOYED)
            server.start()
        assert server.deployments()["nightly"].schedules[0].active is False
        assert server.deployments()["watch-catalogue"].paused is True
        assert client.read_work_queue_by_name("backfill", work_pool_name=POOL).is_paused is True
        assert client.read_work_pool(POOL).is_paused is True
        assert client.read_work_pool(POOL).concurrency_limit == 3
        assert server.automations()[told.name].enabled is False
        said = "\n".join(caplog.messages)
        assert "schedule nightly of deployment nightly is paused in the UI" in said
        assert "deployment watch-catalogue is paused in the UI" in said
        assert "work queue backfill is paused in the UI" in said
        assert "work pool rakuten is paused in the UI" in said
        assert "automation tell of drift is switched off in the UI" in said
        assert "parameter plan is 'demo' in the UI, 'default' in the file" in said
    finally:
        switch_on_again(server)
    server.start()
    assert server.state() == server.whole


def switch_on_again(server: Server) -> None:
    client = server.client
    nightly = server.deployments()["nightly"]
    client.update_deployment_schedule(nightly.id, nightly.schedules[0].id, active=True)
    client.resume_deployment(server.deployments()["watch-catalogue"].id)
    client.update_work_queue(client.read_work_queue_by_name("backfill", work_pool_name=POOL).id, is_paused=False)
    client.request("PATCH", "/work_pools/{name}", path_params={"name": POOL}, json={"is_paused": False})
    client.resume_automation(server.automations()[f"{PREFIX}tell of drift"].id)


@pytest.mark.parametrize("content", ["", "deployments: 3", "deployments: [{name: x}]", "a: [", "\x00"])
def test_a_deployments_file_that_is_none_is_named_in_one_line(server: Server, content: str, tmp_path: Path) -> None:
    file = tmp_path / "prefect.yaml"
    file.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"^[^\n]*prefect\.yaml: expected a list[^\n]*$"):
        set_up(server.settings, file)


def test_a_deployments_file_that_is_absent_is_named(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no deployments file"):
        set_up(server.settings, tmp_path / "absent.yaml")
