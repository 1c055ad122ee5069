"""Commands on dumps: making one, holding one against its contracts."""

from pathlib import Path

import click

from flows.cli.flow_calls import absolute, call_flow, outputs_store, reporting_errors
from flows.cli.options import DUMP


@click.command("demo-dump")
@click.argument("folder", metavar="DIR")
@click.option("--products", default=2000, show_default=True, metavar="N", help="Labelled products.")
@click.option("--images", type=int, metavar="N", help="At most so many images.  [default: one a product]")
@click.option("--seed", default=0, show_default=True, metavar="N", help="Same seed, same bytes.")
@click.option("--image-size", default=500, show_default=True, metavar="PIXELS", help="Side of the photos.")
@reporting_errors
def demo_dump(folder: str, products: int, images: int | None, seed: int, image_size: int) -> None:
    """Write a generated dump in the challenge's layout."""
    from rakuten.demo.dump import write_demo_dump
    from rakuten.errors import InputError
    from rakuten.pages.terminal import progress_bar
    from rakuten.paths import named_path, why_no_folder

    target = named_path(folder)
    if (target.exists() or target.is_symlink()) and (reason := why_no_folder(target)):
        raise InputError(f"{folder} {reason}")
    with progress_bar("products") as show:
        write_demo_dump(
            target, num_products=products, num_images=images, seed=seed, image_size=image_size, on_progress=show
        )
    click.echo(f"{products:,} generated products in {folder}")


@click.command()
@DUMP
@click.option(
    "--data-docs",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write Great Expectations' own pages, too: to this folder, outside the outputs; figures only.",
)
@reporting_errors
def validate(dump: str, data_docs: Path | None) -> None:
    """Hold a dump against its contracts; writes the quarantine and a page."""
    from flows.cli.data_docs import data_docs_of
    from flows.cli.preflight import check_dump
    from rakuten.contracts.data_docs import require_docs_folder
    from rakuten.contracts.validation import QUARANTINE_CSV, VERDICT_FILE
    from rakuten.contracts.validation_page import PAGE
    from rakuten.errors import ContractError
    from rakuten.settings import Settings

    check_dump(dump)
    if data_docs is not None:
        require_docs_folder(data_docs, Settings().outputs_folder)
    store = outputs_store()
    page = store.find(call_flow("flows.validate", "validate_only", dump=absolute(dump)))
    assert page is not None
    validation = store.upstream(page, "validation")
    verdict = validation.read_json(VERDICT_FILE)
    click.echo("\n".join(verdict["summary"]))
    click.echo(f"\nquarantine  {validation.file(QUARANTINE_CSV)}\npage        {page.file(PAGE)}")
    if data_docs is not None:
        click.echo(f"Data Docs   {data_docs_of(store, validation, data_docs)}")
    if not verdict["ok"]:
        raise ContractError("the dump breaks its contracts; see the lines above")


@click.command()
@DUMP
@click.option("--model", default="champion", show_default=True, metavar="NAME", help="champion, newest, or a run.")
@reporting_errors
def drift(dump: str, model: str) -> None:
    """Measure how a dump differs from the one that the champion learnt from."""
    from flows.cli.preflight import check_dump, check_run
    from flows.cli.run_views import drift_lines

    check_dump(dump)
    check_run(model)
    run = call_flow("flows.drift", "drift", dump=absolute(dump), model=model)
    click.echo("\n".join(drift_lines(outputs_store(), run)))


@click.command()
@DUMP
@click.option("--against", metavar="DIR", help="Folder of an earlier dump to compare with.")
@reporting_errors
def explore(dump: str, against: str | None) -> None:
    """Look at a dump: classes, texts, words, photos, repeats, doubtful labels, and what shifted since another dump."""
    from flows.cli.preflight import check_dump
    from rakuten.pages.markdown import unescape_markdown

    for folder in filter(None, (dump, against)):
        check_dump(folder)
    earlier = absolute(against) if against else None
    key = call_flow("flows.explore", "explore", dump=absolute(dump), against=earlier)
    found = outputs_store().find(key)
    assert found is not None
    # Escaped for whoever renders it; a terminal shows characters as they are.
    click.echo(unescape_markdown(found.file("exploration.md").read_text("utf-8")))
    click.echo(f"page  {found.file('exploration.html')}")
