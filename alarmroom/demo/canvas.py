"""The demo's pictures: one illustrated series, drawn with Pillow from a motif's name.

Every picture is a room or a city at night. Shapes are drawn at twice the size and
reduced; light is drawn on a black layer of its own, blurred at low resolution (cheap)
and screened back, so that it falls on what stands behind it and not on what stands
in front. The same motif and seed give the same bytes.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

COVER = (1600, 900)
PORTRAIT = (800, 800)
SCALE = 2

type Colour = tuple[int, int, int]
type Point = tuple[float, float]

INK: Colour = (6, 10, 22)
NIGHT: Colour = (9, 16, 34)
DUSK: Colour = (22, 38, 74)
STEEL: Colour = (38, 60, 108)
BLUE: Colour = (86, 132, 214)
PALE: Colour = (190, 212, 250)
AMBER: Colour = (247, 170, 66)
CREAM: Colour = (255, 226, 178)
RED: Colour = (232, 62, 54)


def mix(a: Colour, b: Colour, amount: float) -> Colour:
    """The colour that lies `amount` (0 to 1) of the way from `a` to `b`."""
    return tuple(round(x + (y - x) * amount) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]  # zip of two triples makes a triple


class Pen:
    """ImageDraw in the picture's own coordinates, with round caps and opacity."""

    def __init__(self, image: Image.Image) -> None:
        self._draw = ImageDraw.Draw(image, "RGBA")

    @staticmethod
    def _ink(colour: Colour, alpha: float) -> tuple[int, int, int, int]:
        return (*colour, round(255 * max(0.0, min(1.0, alpha))))

    def polygon(self, points: list[Point], colour: Colour, alpha: float = 1) -> None:
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], self._ink(colour, alpha))

    def line(self, points: list[Point], colour: Colour, width: float = 2, alpha: float = 1) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, self._ink(colour, alpha), round(width * SCALE), joint="curve")

    def dot(self, x: float, y: float, r: float, colour: Colour, alpha: float = 1) -> None:
        box = ((x - r) * SCALE, (y - r) * SCALE, (x + r) * SCALE, (y + r) * SCALE)
        self._draw.ellipse(box, self._ink(colour, alpha))

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float = 1
    ) -> None:
        box = ((x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE)
        self._draw.ellipse(box, self._ink(colour, alpha))

    def box(
        self, x: float, y: float, w: float, h: float, colour: Colour, alpha: float = 1, r: float = 0
    ) -> None:
        box = (x * SCALE, y * SCALE, (x + w) * SCALE, (y + h) * SCALE)
        self._draw.rounded_rectangle(box, r * SCALE, self._ink(colour, alpha))

    def arc(
        self,
        x: float,
        y: float,
        r: float,
        start: float,
        end: float,
        colour: Colour,
        width: float,
        alpha: float = 1,
    ) -> None:
        """Part of a circle, clockwise from `start` to `end` degrees; 0 is east."""
        outer = r + width / 2
        box = ((x - outer) * SCALE, (y - outer) * SCALE, (x + outer) * SCALE, (y + outer) * SCALE)
        self._draw.arc(box, start, end, self._ink(colour, alpha), round(width * SCALE))


class Scene:
    """One picture in the making: a vertical gradient, then shapes and light in turn."""

    def __init__(self, size: tuple[int, int], seed: str, top: Colour, bottom: Colour) -> None:
        self.width, self.height = size
        self.random = Random(seed)  # noqa: S311 - a picture, not a secret
        column = Image.new("RGB", (1, 64))
        column.putdata([mix(top, bottom, i / 63) for i in range(64)])
        self.image = column.resize(
            (self.width * SCALE, self.height * SCALE), Image.Resampling.BICUBIC
        )
        self._pen = Pen(self.image)
        # Light that fell and is not in the picture yet; blurred light needs few pixels.
        self._glow: Image.Image | None = None

    @property
    def pen(self) -> Pen:
        """The pen for shapes. What is drawn now stands in front of the light so far."""
        self._flush()
        return self._pen

    @contextmanager
    def light(self, near: float = 1, far: float = 1, core: float = 1) -> Iterator[Pen]:
        """Draw light: what is drawn inside glows, close by (`near`) and far off (`far`)."""
        layer = Image.new("RGB", self.image.size)
        yield Pen(layer)
        if core and (box := layer.getbbox()):
            drawn = layer.crop(box)
            if core != 1:
                drawn = drawn.point(lambda v: v * core)
            self.image.paste(ImageChops.screen(self.image.crop(box), drawn), box[:2])
        small = layer.reduce(4)
        for image, radius, strength in ((small, 5, near), (small.reduce(4), 9, far)):
            if strength:
                soft = image.filter(ImageFilter.GaussianBlur(radius))
                soft = soft.point(lambda v, s=strength: min(255, v * s))
                self._shine(soft.resize(small.size, Image.Resampling.BICUBIC))

    def haze(
        self,
        x: float,
        y: float,
        radius: float,
        colour: Colour,
        strength: float = 0.5,
        squash: float = 1,
    ) -> None:
        """A soft round glow in the air, brightest at its middle."""
        w, h = self.width // 4, self.height // 4
        disc = Image.radial_gradient("L").point(
            lambda v: round(255 * max(0, 1 - v / 181) ** 2.2 * strength)
        )
        rw, rh = max(2, round(radius / 2)), max(2, round(radius * squash / 2))
        mask = Image.new("L", (w, h))
        mask.paste(disc.resize((rw, rh)), (round(x / 4 - rw / 2), round(y / 4 - rh / 2)))
        glow = Image.composite(Image.new("RGB", (w, h), colour), Image.new("RGB", (w, h)), mask)
        self._shine(glow.resize((self.width // 2, self.height // 2), Image.Resampling.BICUBIC))

    def _shine(self, glow: Image.Image) -> None:
        # Screening is associative, so light is gathered while it is small.
        self._glow = ImageChops.screen(self._glow, glow) if self._glow else glow

    def _flush(self) -> None:
        if self._glow:
            full = self._glow.resize(self.image.size, Image.Resampling.BILINEAR)
            self.image.paste(ImageChops.screen(self.image, full))
            self._glow = None

    def jpeg(self) -> bytes:
        """Reduce, darken the corners, add grain, encode."""
        self._flush()
        image = self.image.reduce(SCALE)
        size = (self.width, self.height)
        shade = (
            Image.radial_gradient("L")
            .point(lambda v: round(255 - 110 * (v / 255) ** 2.4))
            .resize(size)
        )
        image = ImageChops.multiply(image, Image.merge("RGB", [shade] * 3))
        # Averaging two bytes of noise is softer than one; it keeps the gradients from banding.
        noise, more = (
            Image.frombytes("L", size, self.random.randbytes(size[0] * size[1])) for _ in range(2)
        )
        grain = Image.blend(noise, more, 0.5).point(lambda v: round(v * 0.062))
        image = ImageChops.subtract(
            ImageChops.add(image, Image.merge("RGB", [grain] * 3)),
            Image.new("RGB", size, (7, 7, 7)),
        )
        out = io.BytesIO()
        image.save(out, "JPEG", quality=88)
        return out.getvalue()
