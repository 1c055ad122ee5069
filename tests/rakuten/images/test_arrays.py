from pathlib import Path

import numpy as np
import pytest

from rakuten.errors import OutputError
from rakuten.images.arrays import ImageArrays, array_table
from rakuten.outputs import OutputStore, Pool
from rakuten.stages import stage


@stage(version=1)
def store_numbered_arrays(out: Path) -> None:
    """Every third image does not decode."""
    arrays = [None if place % 3 == 0 else np.full((2, 3), place, np.float32) for place in range(7)]
    pool = Pool(out.parent, store_numbered_arrays, ())
    pool.fill(
        out,
        [f"d{place}" for place in range(7)],
        lambda digests: array_table("values", digests, [arrays[int(d[1:])] for d in digests], np.float32, (2, 3)),
        shard_size=3,
        unit="images",
    )


def test_arrays_are_gathered_in_the_order_asked_for(tmp_path: Path) -> None:
    arrays = ImageArrays(OutputStore(tmp_path).run(store_numbered_arrays).folder, "values")
    assert arrays.shape == (2, 3)
    gathered = arrays.gather(["d5", "d1", "d5", "d2"])
    assert gathered.dtype == np.float32
    assert gathered[:, 0, 0].tolist() == [5, 1, 5, 2]


def test_images_that_do_not_decode_are_never_read_as_arrays(tmp_path: Path) -> None:
    arrays = ImageArrays(OutputStore(tmp_path).run(store_numbered_arrays).folder, "values")
    assert arrays.usable == {"d1", "d2", "d4", "d5"}
    with pytest.raises(KeyError, match="d3"):
        arrays.gather(["d1", "d3"])


def test_output_of_a_dump_without_images_has_no_usable_ones(tmp_path: Path) -> None:
    arrays = ImageArrays(tmp_path, "values")
    assert arrays.usable == frozenset()
    with pytest.raises(OutputError, match="there are no images"):
        _ = arrays.shape


def test_array_of_another_shape_is_refused() -> None:
    with pytest.raises(OutputError, match=r"expected uint8 \(4,\), received uint8 \(5,\)"):
        array_table("values", ["a"], [np.zeros(5, np.uint8)], np.uint8, (4,))
