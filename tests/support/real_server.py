"""A real server and worker for tests, over an outputs folder and a catalogue of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from deployments.server.api import ask
from rakuten.outputs.store import PARTIAL

# Seconds that nothing here takes, unless the machine does ten other things.
PATIENCE = 400.0
PROJECT = Path(__file__).parents[2]
RAKUTEN = str(Path(sys.executable).with_name("rakuten"))


class Serving:
    """`rakuten serve` in a folder.

    Attributes:
        catalogue, outputs: What it works on.
        settings: Further RAKUTEN_ and PREFECT_ variables.
    """

    def __init__(self, folder: Path, plan: Path, schedules: dict[str, float], **settings: str) -> None:
        self.folder = folder
        self.catalogue = folder / "catalogue"
        self.outputs = folder / "outputs"
        self.catalogue.mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.settings = settings
        self.deployments = folder / "prefect.yaml"
        self.deployments.write_text(yaml.safe_dump(_deployments(plan, schedules)), "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        named = {"OUTPUTS": self.outputs, "CATALOGUE": self.catalogue, "UI_PORT": self.port}
        return {**os.environ, **{f"RAKUTEN_{name}": str(value) for name, value in named.items()}, **self.settings}

    def start(self) -> None:
        self.log = (self.folder / "serve.log").open("ab")
        starts = self.said().count("started!")
        self.process = subprocess.Popen(
            [RAKUTEN, "serve", "--file", str(self.deployments)],
            env=self.environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.wait_for(lambda: self.said().count("started!") > starts, "the worker to start", PATIENCE)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        self.log.close()

    def retrain(self, dump: str, plan: Path) -> None:
        """Retrain with the command line, without the server."""
        command = [RAKUTEN, "retrain", "--dump", str(self.catalogue / dump), "--plan", str(plan)]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    def said(self) -> str:
        return (self.folder / "serve.log").read_text("utf-8", "replace")

    def deliver(self, dump: Path, name: str) -> None:
        """Copy a dump into the catalogue, its marker last."""
        shutil.copytree(dump, self.catalogue / name)
        (self.catalogue / name / "_SUCCESS").touch()

    def ask(self, path: str, body: Any = None) -> Any:
        return ask(f"http://127.0.0.1:{self.port}/api", path, body)

    def runs(self, deployment: str, **parameters: Any) -> list[dict[str, Any]]:
        """Runs of a deployment that have begun, oldest first."""
        begun = {"state": {"type": {"not_any_": ["SCHEDULED", "PENDING"]}}}
        named = {"deployments": {"name": {"any_": [deployment]}}}
        found = self.ask("flow_runs/filter", {**named, "flow_runs": begun, "sort": "START_TIME_ASC"})
        return [run for run in found if parameters.items() <= run["parameters"].items()]

    def sub_runs(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        inside = {"parent_flow_run_id": {"any_": [run["id"]]}}
        return self.ask("flow_runs/filter", {"flow_runs": inside})  # type: ignore[no-any-return]

    def artifacts(self, run: dict[str, Any]) -> set[str]:
        found = self.ask("artifacts/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
        return {artifact["key"] for artifact in found}

    def arrivals(self) -> list[str]:
        """Names of the dumps that events told of, in any order."""
        wanted = {"event": {"name": ["rakuten.dump.arrived"]}}
        events = self.ask("events/filter", {"filter": wanted, "limit": 50})["events"]
        return [event["payload"]["name"] for event in events]

    def ended(self, deployment: str, state: str, seconds: float, **parameters: Any) -> dict[str, Any]:
        """The first run of a deployment that ends in a state, waited for."""

        def look() -> dict[str, Any] | None:
            found = self.runs(deployment, **parameters)
            return next((run for run in found if run["state_name"] == state), None)

        found: dict[str, Any] = self.wait_for(look, f"a run of {deployment} to be {state}", seconds)
        return found

    def wait_for(self, look: Callable[[], Any], what: str, seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"serve ended with {self.process.returncode}:\n{self.said()[-3000:]}")
            if found := look():
                return found
            time.sleep(0.5)
        raise AssertionError(f"waited {seconds:.0f} s for {what}:\n{self.said()[-3000:]}")

    def manifests(self) -> dict[str, dict[str, Any]]:
        paths = (path for path in self.outputs.glob("*-v*/manifest.json") if path.parent.suffix != PARTIAL)
        return {path.parent.name: json.loads(path.read_text("utf-8")) for path in paths}


def _deployments(plan: Path, schedules: dict[str, float]) -> dict[str, Any]:
    """The project's deployments with a small plan, and schedules (seconds) short enough to be waited for."""
    content: dict[str, Any] = yaml.safe_load((PROJECT / "deployments" / "prefect.yaml").read_text("utf-8"))
    for deployment in content["deployments"]:
        if "plan" in deployment.get("parameters", {}):
            deployment["parameters"]["plan"] = str(plan)
        if "schedules" in deployment:
            seconds = schedules.get(deployment["name"])
            deployment["schedules"] = [{"interval": seconds, "slug": "often"}] if seconds else []
    return content
