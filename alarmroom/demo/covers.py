"""The demo's pictures: one illustrated series of rooms, cities and signals at night."""

from collections.abc import Callable

from alarmroom.demo import cities, rooms, signals
from alarmroom.demo.canvas import COVER, DUSK, NIGHT, PORTRAIT, Scene, mix

MOTIFS: dict[str, Callable[[Scene], None]] = {
    "fireground": cities.fireground,
    "headset": rooms.headset,
    "console": rooms.console,
    "shift-change": cities.shift_change,
    "timeline": signals.timeline,
    "silence": signals.silence,
    "two-lights": rooms.two_lights,
    "map-grid": cities.map_grid,
    "ninety-days": signals.ninety_days,
    "open-door": rooms.open_door,
    "portrait-amber": rooms.portrait_amber,
    "portrait-blue": rooms.portrait_blue,
}


def draw(motif: str, seed: str) -> bytes:
    """Draw a picture and return it as JPEG: 1600x900, or 800x800 for a portrait.

    The same motif and seed give the same bytes. Raises KeyError for an unknown motif.
    """
    painter = MOTIFS[motif]
    scene = Scene(
        PORTRAIT if motif.startswith("portrait-") else COVER, seed, NIGHT, mix(NIGHT, DUSK, 0.75)
    )
    painter(scene)
    return scene.jpeg()
