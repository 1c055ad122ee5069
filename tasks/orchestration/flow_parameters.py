"""Types of flow parameters that the Prefect UI shows as a list of names beside a field for a path."""

from typing import Annotated

from pydantic import WithJsonSchema

from rakuten.recipes.loading import image_study_names, plan_names, recipe_names


def _name_or_path(names: list[str], what: str) -> WithJsonSchema:
    """JSON schema of a shipped file's name or the path of a user's own file; the flow itself checks both."""
    listed = {"type": "string", "title": f"{what} of this project", "enum": names}
    path = {"type": "string", "title": f"path of a {what} file, ending in .toml", "pattern": r"/|\.toml$"}
    return WithJsonSchema({"anyOf": [listed, path]})


PlanName = Annotated[str, _name_or_path(plan_names(), "plan")]
StudyName = Annotated[str, _name_or_path(image_study_names(), "image study")]
RecipeName = Annotated[str, _name_or_path(recipe_names(), "recipe")]
