"""Settings of this machine, `RAKUTEN_*` variables: where things are, how much of it may be used.

None is part of a key, but whether there are `gpus`, in the keys of networks: see `rakuten.recipes.network`.
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
# Read by the tests, not by the software.
_OTHERS = frozenset({"SHARED_DATA"})

_WHOLE = "a whole number from 1"


class Settings(BaseSettings):
    """Settings of this machine; each is an environment variable `RAKUTEN_<NAME>`; an empty one counts as not set.

    Raises:
        SettingError: If a variable has a value that cannot be used.

    Attributes:
        outputs: Folder of all outputs, runs and, unless another server is named, Prefect's database.
        weights: Folder of pre-trained weights, laid out as Keras does (`models/<file>`).
        gpus: CUDA device numbers that trainings may use, one training each, e.g. `0,1`; empty: CPU only.
        cpu_slots: Trainings at once where there is no GPU.
        cores: Processor cores that a run may use in all.
        ui_port: Port of the Prefect server and UI that the command line starts.
        public_urls: Further addresses of the server, separated by commas, e.g. `https://prefect.example.com`; requests
            under any other name than these and loopback are refused.
        catalogue: Folder that dumps are delivered into, one folder each; see `rakuten.dumps.catalogue_folder`.
        settle_seconds: How long nothing may have changed in a dump without `_SUCCESS` before it is taken for complete.
        worker_runs: Flow runs that a worker of this machine carries out at once; trainings are bounded by slots.
        nightly_deadline_minutes: A nightly run that is not over so long after it began is reported.
        webhook: Address that is told, by POST, of failed and late runs and of broken contracts; None: nobody is.
        engine: What carries out a run's tasks: threads of its own process, or a Dask or Ray cluster.
        engine_address: Where that cluster's scheduler is; None: a cluster of this machine's processes, for the run.
        engine_slot: Name of the cluster's resource that a training takes one of (`GPU`); None: it is placed anywhere.
        mlflow: URI of the MLflow that is told of champions; None: a database in the outputs folder.
        gate: TOML file with the gate's rules (see `rakuten.promotion.rules`); None: the defaults.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, str_strip_whitespace=True)

    # The description says in an error what is expected.
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
    # Prefect waits ten seconds at least.
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
        """Take `0`, `0,1` and `[0, 1]`."""
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
        """Take `https://a, https://b`; refuse what is no address of a server."""
        urls = [url.strip() for url in value.split(",") if url.strip()] if isinstance(value, str) else value
        for url in urls if isinstance(urls, list | tuple) else ():
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
                raise ValueError(f"{url!r} is no address of a server, expected e.g. https://prefect.example.com")
        return urls

    @property
    def outputs_folder(self) -> Path:
        """The outputs folder, absolute."""
        return _folder("outputs", self.outputs)

    @property
    def catalogue_folder(self) -> Path:
        """The catalogue's folder, absolute."""
        return _folder("catalogue", self.catalogue)

    @property
    def weights_folder(self) -> Path:
        """The weights folder, absolute."""
        return _folder("weights", self.weights)


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """A line for each `RAKUTEN_*` variable that is no setting, with the nearest name."""
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
    """The first fault as one line: variable, value, what is expected, example."""
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0])
    variable, field = f"{PREFIX}{name.upper()}", Settings.model_fields.get(name)
    value = os.environ.get(variable, fault["input"])
    if field is None or field.description is None or not field.examples:
        return f"{variable} is {value!r}: {fault['msg'].removeprefix('Value error, ')}"
    return f"{variable} is {value!r}, expected {field.description}, e.g. {variable}={field.examples[0]}"
