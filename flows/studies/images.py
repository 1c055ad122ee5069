"""The image study: the report's five steps, each going on with what the ones before it found."""

from dataclasses import replace

from flows.prepare import prepare
from rakuten.recipes import load_image_study
from tasks import stages
from tasks.dumps import open_dump
from tasks.models import ModelData
from tasks.observability.artifacts import publish_study
from tasks.orchestration.flow_parameters import StudyName
from tasks.orchestration.project_flow import project_flow
from tasks.runs import recorded_run
from tasks.study import ImageStudy, require_photos


@project_flow("study-images")
def study_images(
    dump: str, plan: StudyName = "image_study", backbones: tuple[str, ...] = (), image_limit: int | None = None
) -> str:
    """Compare backbones on a dump's photos: frozen, augmented, fine-tuned, with learning rates found for them.

    Args:
        dump: Folder of the dump.
        plan: Name of an image study, or path of its file.
        backbones: Names of the backbones to study; none: all that the plan has.
        image_limit: Photos to study, at most, always the same ones; None: all.

    Returns:
        The run's id.
    """
    chosen = load_image_study(plan).restricted_to(backbones)
    parameters = {"dump": dump, "plan": plan, "backbones": list(backbones), "image_limit": image_limit}
    with recorded_run("study-images", parameters, chosen) as run:
        opened = open_dump(dump)
        require_photos(opened)
        prepared = prepare((opened,), chosen.cleaning)
        split = stages.split_products.submit(clean=prepared.clean, recipe=chosen.split)
        data = ModelData(dumps=(opened,), clean=prepared.clean, image_limit=image_limit)
        study = ImageStudy(chosen, data, split)
        selection, extras = study.begin_selection(), study.begin("extras", chosen.extras)
        study.end(selection)
        augmented = study.begin("augmented", chosen.augmented_recipes(study.finalists))
        fine_tuned = study.begin("fine_tuned", chosen.fine_tuning_recipes(study.finalists))
        rates = study.end_rates(study.begin_rates())
        final = study.begin("final", chosen.final_recipes(study.finalists, rates))
        for step in (augmented, fine_tuned, final, extras):
            study.end(step)
        summary = study.summarise()
        run.finish(
            replace(prepared.outputs, split=split, models=study.kept_models, steps=study.reports, report=summary)
        )
        publish_study(run, study, summary)
    return run.record.run
