"""Options that several commands take."""

import click

DUMP = click.option("--dump", required=True, metavar="DIR", help="Folder of the dump.")
DUMPS = click.option(
    "--dump",
    "dumps",
    required=True,
    multiple=True,
    metavar="DIR",
    help="Folder of a dump; several are learnt from together. Of a product in several, the last one's record counts.",
)
PLAN = click.option(
    "--plan", default="default", show_default=True, metavar="NAME", help="Plan, or path of a plan file."
)
MODALITY = click.option(
    "--modality",
    type=click.Choice(["both", "text", "image"]),
    default="both",
    show_default=True,
    help="Train all models of the plan, or those of one modality.",
)
