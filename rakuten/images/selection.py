"""Which images of a dump are worked on: all, or a few of those that models learn from."""

from collections.abc import Mapping

from rakuten.dumps.layout import IMAGE_FOLDERS


def chosen_images(images: Mapping[str, str], limit: int | None) -> list[str]:
    """Digests of the images to work on.

    Args:
        images: Logical name → digest.
        limit: None: all images. A number: so many of the labelled part's images, at most, those of the smallest
            digests: a sample that is the same every time, and part of every larger one.
    """
    if limit is None:
        return list(images.values())
    labelled = {digest for name, digest in images.items() if IMAGE_FOLDERS[name.partition("/")[0]] == "train"}
    return sorted(labelled)[:limit]
