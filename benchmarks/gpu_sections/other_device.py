"""A checkpoint of the CPU resumed on the GPU, and the reverse: resumed, started anew with a warning, or an error."""

from typing import Any

from gpu_sections.context import Context
from gpu_sections.small_training import Training, outcome

ON_CPU = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
ON_GPU: dict[str, str] = {}


def run(context: Context) -> None:
    """Kill two trainings on one device each, at once, and let the other device go on."""
    out = context.folder("out")
    ways = {"cpu_to_gpu": (ON_CPU, ON_GPU), "gpu_to_cpu": (ON_GPU, ON_CPU)}

    def start(name: str, device: dict[str, str], kill_at: int = 0) -> Any:
        (out / name).mkdir(exist_ok=True)
        training = Training(str(context.work), str(out / name), "backbone", context.scale.is_tiny, kill_at)
        return training.start(device)

    killed = {name: start(name, first, context.scale.kill_at // 3 + 1) for name, (first, _) in ways.items()}
    for name, process in killed.items():
        context.emit(way=name, killed=outcome(process))
    resumed = {name: start(name, second) for name, (_, second) in ways.items()}
    for name, process in resumed.items():
        context.emit(way=name, resumed=outcome(process))
