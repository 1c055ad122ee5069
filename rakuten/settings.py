"""Where things are on this machine and how much of it may be used: `RAKUTEN_*` variables. Never part of a key."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of this machine; each is an environment variable `RAKUTEN_<NAME>`.

    Attributes:
        outputs: Folder of all outputs, runs and, unless another server is named, Prefect's database.
        weights: Folder of pre-trained weights, laid out as Keras does (`models/<file>`).
        gpus: CUDA device numbers that trainings may use, one training each, e.g. `[0, 1]`; empty: CPU only.
        cpu_slots: Trainings at once where there is no GPU.
        cores: Processor cores that a run may use in all.
        ui_port: Port of the Prefect server and UI that the command line starts.
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
    mlflow: str | None = None
    gate: Path | None = None

    @property
    def outputs_folder(self) -> Path:
        """The outputs folder, absolute."""
        return self.outputs.expanduser().absolute()

    @property
    def weights_folder(self) -> Path:
        """The weights folder, absolute."""
        return self.weights.expanduser().absolute()
