from rakuten.images.selection import chosen_images

IMAGES = {"image_train/b.jpg": "b1", "image_train/a.jpg": "a1", "image_test/t.jpg": "00", "image_train/c.jpg": "a1"}


def test_without_a_limit_every_image_is_worked_on() -> None:
    assert sorted(set(chosen_images(IMAGES, None))) == ["00", "a1", "b1"]


def test_a_sample_is_of_labelled_images_and_part_of_every_larger_one() -> None:
    assert chosen_images(IMAGES, 1) == ["a1"]
    assert chosen_images(IMAGES, 2) == ["a1", "b1"]
    assert chosen_images(IMAGES, 9) == ["a1", "b1"]
