"""Images in recipes: augmentation, backbones, and the arrays that a model reads of an image."""

from typing import Literal, NamedTuple, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from rakuten.recipes.strict import Strict

Borders = Literal["keep", "crop", "black"]


class Augmentation(Strict):
    """Random changes of a photo, drawn anew each time it is shown in training; the report's in brackets.

    The report gave Keras' ImageDataGenerator `shear_range=0.2`, "an angle". It is the value of Keras' own tutorial,
    written when that angle was in radians; since Keras 2.1 it is in degrees, and 0.2° moves no pixel by a whole one
    at 299 px. What was meant, 0.2 rad or some 11°, is a factor of 0.2 here.

    Attributes:
        flip: Mirrored left to right with probability 1/2 ("horizontal"); "both": and, drawn independently of that,
            upside down with probability 1/2.
        shear: Shift to the side per pixel of height, at most (0.2); horizontal.
        rotation: Degrees to either side, at most (45).
        shift: Share of height and of width, at most (0.1).
        zoom: In or out, each side on its own, share, at most (0.2).
        crop: Share of height and width that is cut off, at a place drawn at random; the rest is enlarged.
        brightness: Share of the full range added or taken away, at most.
        contrast: Share by which it is raised or lowered, at most.
        colour: Share of grey that is mixed in, at most.
        fill: What comes into view beyond the borders: "white", the ground of product photos, or "edge", the last
            pixel repeated (the generator's default).
    """

    flip: Literal["none", "horizontal", "both"] = "none"
    shear: float = Field(default=0.0, ge=0, le=1)
    rotation: float = Field(default=0.0, ge=0, le=180)
    shift: float = Field(default=0.0, ge=0, lt=1)
    zoom: float = Field(default=0.0, ge=0, lt=1)
    crop: float = Field(default=0.0, ge=0, lt=1)
    brightness: float = Field(default=0.0, ge=0, le=1)
    contrast: float = Field(default=0.0, ge=0, lt=1)
    colour: float = Field(default=0.0, ge=0, le=1)
    fill: Literal["white", "edge"] = "white"


class Backbone(Strict):
    """A pre-trained network without its top, whose pooled features describe an image.

    Attributes:
        name: Class of `keras.applications`; the ten the report tried.
        input_size: Side of the square images it is shown, pixels.
        alpha: Width multiplier; MobileNetV2 alone has one.
        weights: "imagenet", "random", or the path of a weights file.
    """

    name: Literal[
        "DenseNet121",
        "EfficientNetB7",
        "InceptionResNetV2",
        "InceptionV3",
        "MobileNetV2",
        "NASNetMobile",
        "ResNet50",
        "VGG16",
        "VGG19",
        "Xception",
    ]
    input_size: PositiveInt
    alpha: PositiveFloat = 1.0
    weights: str = "imagenet"

    @model_validator(mode="after")
    def _has_that_width(self) -> Self:
        if self.alpha != 1 and self.name != "MobileNetV2":
            raise ValueError(f"alpha is {self.alpha}, but {self.name} has one width only")
        return self


class ImageInput(NamedTuple):
    """The array that a model reads of an image.

    Attributes:
        kind: "pixels", resized to a square, or the "features" of a frozen backbone.
        input_size: Side of the square, pixels.
        borders: White borders of an image: "keep"; "crop" them away, so that the product fills the square; or make
            them "black". Done once, when the image is decoded.
        backbone: Makes the features, or is part of a network over pixels; None: there is none.
    """

    kind: Literal["pixels", "features"]
    input_size: int
    borders: Borders
    backbone: Backbone | None = None
