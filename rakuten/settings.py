"""Where things are on this machine and how much of it may be used: `RAKUTEN_*` variables. Never part of a key."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of this machine; each is an environment variable `RAKUTEN_<NAME>`.

    Attributes:
        outputs: Folder of all outputs, runs and, unless another server is named, Prefect's database.
        weights: Folder of pre-trained weights, laid out as Keras does (`models/<file>`).
        gpus: CUDA device numbers that trainings may use, one training each, e.g. `[0, 1]`; empty: CPU only.
        cpu_slots: Trainings at once where there is no GPU.
        cores: Processor cores that a run may use in all.
        ui_port: Port of the Prefect server and UI that the command line starts.
        public_urls: Further addresses of the server, separated by commas, e.g. `https://prefect.example.com`; requests
            under any other name than these and loopback are refused.
        catalogue: Folder that dumps are delivered into, one folder each; see `rakuten.data.catalogue`.
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

    model_config = SettingsConfigDict(env_prefix="RAKUTEN_", frozen=True)

    outputs: Path = Path("outputs")
    weights: Path = Path("~/.keras")
    gpus: tuple[int, ...] = ()
    cpu_slots: int = Field(default=2, ge=1)
    cores: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    ui_port: int = 4280
    public_urls: Annotated[tuple[str, ...], NoDecode] = ()
    catalogue: Path = Path("catalogue")
    settle_seconds: float = Field(default=300.0, ge=0)
    worker_runs: int = Field(default=4, ge=1)
    # Prefect waits ten seconds at least.
    nightly_deadline_minutes: float = Field(default=480.0, ge=0.2)
    webhook: str | None = None
    engine: Literal["local", "dask", "ray"] = "local"
    engine_address: str | None = None
    engine_slot: str | None = None
    mlflow: str | None = None
    gate: Path | None = None

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
        return self.outputs.expanduser().absolute()

    @property
    def catalogue_folder(self) -> Path:
        """The catalogue's folder, absolute."""
        return self.catalogue.expanduser().absolute()

    @property
    def weights_folder(self) -> Path:
        """The weights folder, absolute."""
        return self.weights.expanduser().absolute()
