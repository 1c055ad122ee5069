"""Machine settings from `RAKUTEN_*` environment variables: folders, resources, services.

They are not part of cache keys, with one exception: networks' keys depend on the presence of `gpus` (see
`rakuten.recipes.network`).
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rakuten.errors import InputError, SettingError
from rakuten.paths import did_you_mean, named_path

PREFIX = "RAKUTEN_"
# Used by the tests only.
_OTHERS = frozenset({"SHARED_DATA"})

_WHOLE = "a whole number from 1"


class Settings(BaseSettings):
    """Machine settings; each field is an environment variable `RAKUTEN_<NAME>`, an empty one counts as unset.

    Raises:
        SettingError: If a variable has an invalid value.

    Attributes:
        outputs: Folder of all stage outputs, runs and, unless another server is configured, Prefect's database.
        weights: Folder of pre-trained weights, laid out as Keras does (`models/<file>`).
        gpus: CUDA device numbers for training, one training slot each, e.g. `0,1`; empty: CPU only.
        cpu_slots: Number of concurrent trainings without GPUs.
        cores: Maximum number of CPU cores of a run.
        ui_port: Port of the Prefect server and UI that the command line starts.
        public_urls: Further URLs of the server, comma-separated, e.g. `https://prefect.example.com`; requests with any
            other host name than these and loopback are rejected.
        catalogue: Folder of delivered dumps, one folder each; see `rakuten.dumps.catalogue_folder`.
        settle_seconds: Time without changes after which a dump without `_SUCCESS` counts as complete.
        worker_runs: Number of concurrent flow runs of a worker; concurrent trainings are limited by training slots.
        nightly_deadline_minutes: Maximum duration of a nightly run before it is reported as late.
        webhook: URL for POST notifications of failed runs, late runs and contract violations; None: no notifications.
        engine: Task runner of a run: threads of its own process, or a Dask or Ray cluster.
        engine_address: Address of the cluster's scheduler; None: a local cluster of processes, for the run.
        engine_slot: Cluster resource of which a training takes one unit (`GPU`); None: no resource constraint.
        mlflow: MLflow tracking URI for champions; None: a database in the outputs folder.
        gate: TOML file with the rules of the promotion gate (see `rakuten.promotion.rules`); None: the defaults.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, str_strip_whitespace=True)

    # Error messages show the description as the expected value.
    outputs: Path = Field(default=Path("outputs"), description="a folder", examples=["/data/outputs"])
    weights: Path = Field(default=Path("~/.keras"), description="a folder", examples=["/data/weights"])
    gpus: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(), description="different device numbers from 0", examples=["0,1"]
    )
    cpu_slots: int = Field(default=2, ge=1, description=_WHOLE, examples=["2"])
    cores: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description=_WHOLE, examples=["8"])
    ui_port: int = Field(default=4280, ge=1, le=65535, description="a port, 1 to 65535", examples=["4280"])
    public_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="addresses of a server", examples=["https://prefect.example.com"]
    )
    catalogue: Path = Field(default=Path("catalogue"), description="a folder", examples=["/data/catalogue"])
    settle_seconds: float = Field(
        default=300.0, ge=0, allow_inf_nan=False, description="seconds from 0", examples=["300"]
    )
    worker_runs: int = Field(default=4, ge=1, description=_WHOLE, examples=["4"])
    # Prefect's minimum is ten seconds.
    nightly_deadline_minutes: float = Field(
        default=480.0, ge=0.2, allow_inf_nan=False, description="minutes from 0.2", examples=["480"]
    )
    webhook: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+",
        description="an http or https address",
        examples=["https://hooks.example.com/rakuten"],
    )
    engine: Literal["local", "dask", "ray"] = Field(
        default="local", description="local, dask or ray", examples=["local"]
    )
    engine_address: str | None = Field(
        default=None, min_length=1, description="the address of a scheduler", examples=["tcp://scheduler:8786"]
    )
    engine_slot: str | None = Field(default=None, min_length=1, description="the name of a resource", examples=["GPU"])
    mlflow: str | None = Field(
        default=None, min_length=1, description="an MLflow URI", examples=["http://mlflow.example.com"]
    )
    gate: Path | None = Field(default=None, description="a TOML file", examples=["/data/gate.toml"])

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingError(_fault_line(error)) from error

    @field_validator("gpus", mode="before")
    @classmethod
    def _split_devices(cls, value: object) -> object:
        """Parse `0`, `0,1` or `[0, 1]`."""
        if not isinstance(value, str):
            return value
        inner = re.fullmatch(r"\[(.*)\]|([^\[\]]*)", value.strip())
        if inner is None:
            raise ValueError("no list")
        listed = inner[1] if inner[1] is not None else inner[2]
        return [number.strip() for number in listed.split(",")] if listed.strip() else []

    @field_validator("gpus")
    @classmethod
    def _check_devices(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(number < 0 for number in value) or len(set(value)) < len(value):
            raise ValueError("negative or repeated")
        return value

    @field_validator("outputs", "weights", "catalogue", "gate", mode="before")
    @classmethod
    def _check_path(cls, value: object) -> object:
        if isinstance(value, str) and not value.strip():
            raise ValueError("blank")
        return value

    @field_validator("public_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: object) -> object:
        """Parse and validate comma-separated URLs, e.g. `https://a, https://b`."""
        urls = [url.strip() for url in value.split(",") if url.strip()] if isinstance(value, str) else value
        for url in urls if isinstance(urls, list | tuple) else ():
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
                raise ValueError(f"{url!r} is no address of a server, expected e.g. https://prefect.example.com")
        return urls

    @property
    def outputs_folder(self) -> Path:
        """Absolute path of the outputs folder."""
        return _folder("outputs", self.outputs)

    @property
    def catalogue_folder(self) -> Path:
        """Absolute path of the catalogue folder."""
        return _folder("catalogue", self.catalogue)

    @property
    def weights_folder(self) -> Path:
        """Absolute path of the weights folder."""
        return _folder("weights", self.weights)


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """Warnings for unknown `RAKUTEN_*` variables, one line each, with a spelling suggestion."""
    known = {name.upper() for name in Settings.model_fields} | _OTHERS
    unknown = sorted(name[len(PREFIX) :] for name in environment if name.startswith(PREFIX))
    return [
        f"{PREFIX}{name} is no setting and has no effect{did_you_mean(name, known, PREFIX)}"
        for name in unknown
        if name.upper() not in known
    ]


def _folder(name: str, path: Path) -> Path:
    try:
        return named_path(str(path))
    except InputError as error:
        raise SettingError(f"{PREFIX}{name.upper()}: {error}") from error


def _fault_line(error: ValidationError) -> str:
    """Format the first validation error as one line: variable, value, expected value, example."""
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0])
    variable, field = f"{PREFIX}{name.upper()}", Settings.model_fields.get(name)
    value = os.environ.get(variable, fault["input"])
    if field is None or field.description is None or not field.examples:
        return f"{variable} is {value!r}: {fault['msg'].removeprefix('Value error, ')}"
    return f"{variable} is {value!r}, expected {field.description}, e.g. {variable}={field.examples[0]}"
