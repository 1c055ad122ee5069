"""Plans that train in seconds, as files."""

from collections.abc import Iterable
from pathlib import Path

PROJECT_RECIPES = Path(__file__).parents[2] / "rakuten/recipes/models"
RECIPES = {
    "small_ngrams": ("text_ngrams", {"max_terms = ": "max_terms = 5000"}),
    "short_conv1d": ("text_conv1d", {"num_words = ": "num_words = 3000", "epochs = ": "epochs = 2"}),
    "short_cnn": ("image_small_cnn", {"input_size = ": "input_size = 32", "epochs = ": "epochs = 3"}),
}


def write_small_plan(path: Path, names: Iterable[str] = RECIPES, fusion: str = "") -> Path:
    """Write a plan file and its recipes beside it.

    Args:
        path: The plan's file.
        names: Which of the recipes above.
        fusion: The one method that fuses them; "": all that there are.
    """
    names = tuple(names)
    for name in names:
        base, changes = RECIPES[name]
        (path.parent / f"{name}.toml").write_text(_small_recipe(name, base, changes), "utf-8")
    listed = ", ".join(f'"./{name}.toml"' for name in names)
    fused = f'fusion = {{methods = ["{fusion}"]}}\n' if fusion else ""
    path.write_text(f"recipes = [{listed}]\n{fused}", "utf-8")
    return path


def _small_recipe(name: str, base: str, changes: dict[str, str]) -> str:
    source = (PROJECT_RECIPES / f"{base}.toml").read_text("utf-8")
    lines = [line for line in source.splitlines() if not line.startswith("#")]
    for old, new in {"name = ": f'name = "{name}"', **changes}.items():
        lines = [new if line.startswith(old) else line for line in lines]
    return "\n".join(lines) + "\n"
