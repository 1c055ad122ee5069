"""The explore command: a page beside its figures, cached the second time, and two dumps compared."""

import json
from pathlib import Path

import pytest
from command_line import Rakuten

from rakuten.demo.dump import write_demo_dump

pytestmark = pytest.mark.timeout(300)


@pytest.mark.usefixtures("stages_in_process")
def test_a_dump_is_explored_beside_an_earlier_one_and_the_second_time_nothing_is_done(
    tmp_path: Path, prefect_api: str, rakuten: Rakuten
) -> None:
    earlier, later = tmp_path / "earlier", tmp_path / "later"
    write_demo_dump(earlier, num_products=120, image_size=48, num_workers=1)
    write_demo_dump(later, num_products=140, image_size=48, num_workers=1)
    outputs = tmp_path / "outputs"
    arguments = ("explore", "--dump", str(later), "--against", str(earlier))

    first = rakuten(*arguments, PREFECT_API_URL=prefect_api)
    assert first.exit_code == 0, first.output
    page = Path(first.stdout.split("page  ")[1].strip())
    text = page.read_text("utf-8")
    assert "Compared with earlier" in text
    assert "<script" not in text
    assert (
        page.parent / text.split('href="../render_validation')[1].split('"')[0].join(("../render_validation", ""))
    ).is_file()
    made = {path.parent.name: path.read_bytes() for path in outputs.glob("*-v*/manifest.json")}
    # The later dump repeats the earlier one's photos: they were looked at once.
    for stage in ("inspect_images", "resize_images", "measure_images"):
        facts = [json.loads(text)["facts"] for name, text in made.items() if name.startswith(stage)]
        assert sorted(fact["images_reused"] > 50 for fact in facts) == [False, True], stage

    again = rakuten(*arguments, PREFECT_API_URL=prefect_api)
    assert again.stdout == first.stdout
    assert {path.parent.name: path.read_bytes() for path in outputs.glob("*-v*/manifest.json")} == made
