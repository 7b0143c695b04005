"""Rooms at night, and the people who work in them."""

import math
from collections.abc import Callable
from functools import partial

from alarmroom.demo.canvas import (
    AMBER,
    BLUE,
    CREAM,
    DUSK,
    INK,
    NIGHT,
    PALE,
    RED,
    STEEL,
    Colour,
    Pen,
    Point,
    Scene,
    mix,
)


def headset(s: Scene) -> None:
    """Two headsets and one cable: trainer and trainee."""
    s.haze(500, 420, 720, AMBER, 0.34)
    s.haze(1110, 430, 760, BLUE, 0.5)
    for k in range(5):
        s.pen.arc(500, 440, 340 + k * 74, 0, 360, AMBER, 1.5, 0.13 - k * 0.022)
        s.pen.arc(1110, 440, 340 + k * 74, 0, 360, BLUE, 1.5, 0.17 - k * 0.028)
    cable = []
    for k in range(121):
        t = k / 120
        x = 285 + t * (1325 - 285)
        cable.append(
            (
                x,
                560
                + 250 * math.sin(math.pi * t) ** 0.8
                + 16 * math.sin(t * 22) * math.sin(math.pi * t),
            )
        )
    with s.light(0.9, 0.5) as pen:
        for k in range(120):
            pen.line(cable[k : k + 2], mix(AMBER, BLUE, k / 119), 5, 0.9)
    for x, side, tint in ((500, 1, AMBER), (1110, -1, BLUE)):
        with s.light(0.75, 0.35, 0.95) as pen:
            _headset(pen, x, 440, 215, side, mix(tint, PALE, 0.15), 1, 7)
        _headset(s.pen, x, 440, 215, side, mix(NIGHT, tint, 0.13))


def _headset(
    pen: Pen,
    x: float,
    y: float,
    r: float,
    side: int,
    colour: Colour,
    alpha: float = 1,
    grow: float = 0,
) -> None:
    """A headset seen from the front, its microphone on the `side`: -1 left, 1 right."""
    pen.arc(x, y, r, 180, 360, colour, r * 0.12 + grow, alpha)
    for way in (-1, 1):
        w, h = r * 0.3 + grow, r * 0.66 + grow
        pen.box(x + way * r - w / 2, y - r * 0.06 - grow / 2, w, h, colour, alpha, r * 0.14)
        w, h = r * 0.15 + grow, r * 0.44 + grow
        pen.box(x + way * r * 0.83 - w / 2, y + r * 0.05 - grow / 2, w, h, colour, alpha, r * 0.06)
    angles = range(0, 73, 3)
    boom = [
        (
            x + side * r * math.cos(math.radians(t)),
            y + r * 0.3 + r * 0.72 * math.sin(math.radians(t)),
        )
        for t in angles
    ]
    pen.line(boom, colour, r * 0.05 + grow, alpha)
    bx, by = boom[-1]
    w, h = r * 0.27 + grow, r * 0.13 + grow
    pen.box(bx - w / 2 - side * r * 0.05, by - h / 2, w, h, colour, alpha, h / 2)


def console(s: Scene) -> None:
    """A bank of screens around an empty chair."""
    s.haze(800, 380, 1300, BLUE, 0.5, 0.7)
    s.pen.polygon([(0, 640), (1600, 640), (1600, 900), (0, 900)], INK, 0.75)
    with s.light(0.55, 0.45) as glow:
        for row, (top, bottom) in enumerate(((84, 262), (290, 510))):
            for k, (left, right) in enumerate(
                ((-690, -410), (-410, -140), (-140, 140), (140, 410), (410, 690))
            ):
                screen = partial(_on_screen, left + 9, right - 9, top, bottom)
                s.pen.polygon(_patch(screen, -0.02, -0.035, 1.02, 1.035), INK)
                s.pen.polygon(
                    _patch(screen, 0, 0, 1, 1), mix(DUSK, STEEL, 0.65 if k in (1, 2, 3) else 0.25)
                )
                (_rows, _map, _sound, _tiles)[(k + row * 2) % 4](s, glow, screen, row)
    desk = [
        (800 + 1000 * math.cos(t / 40 * math.pi), 1010 - 420 * math.sin(t / 40 * math.pi))
        for t in range(41)
    ]
    with s.light(0.5, 0.3, 0.8) as pen:
        pen.line(desk, BLUE, 7, 0.8)
    s.pen.polygon(desk, (7, 12, 27))
    s.haze(800, 640, 620, BLUE, 0.22, 0.3)
    with s.light(0.5, 0.25, 0.75) as pen:
        _chair(pen, BLUE, 5)
    _chair(s.pen, INK, 0)


type Screen = Callable[[float, float], Point]


def _on_screen(left: float, right: float, top: float, bottom: float, u: float, v: float) -> Point:
    """Where a point of a screen (0 to 1 both ways) lies on the bent wall of screens."""
    x, y = left + (right - left) * u, top + (bottom - top) * v
    return 800 + x * 1.02, 330 + (y - 330) * (1 + 3.2e-7 * x * x) + 6e-5 * x * x


def _patch(screen: Screen, u0: float, v0: float, u1: float, v1: float) -> list[Point]:
    steps = [u0 + (u1 - u0) * n / 8 for n in range(9)]
    return [screen(u, v0) for u in steps] + [screen(u, v1) for u in reversed(steps)]


def _rows(s: Scene, pen: Pen, screen: Screen, row: int) -> None:
    for n in range(7):
        v = 0.14 + n * 0.12
        tint, alpha = (AMBER, 0.95) if n == 2 and row else (BLUE, 0.55)
        pen.polygon(_patch(screen, 0.08, v, 0.12, v + 0.045), tint, alpha)
        pen.polygon(
            _patch(screen, 0.17, v, 0.3 + s.random.random() * 0.6, v + 0.045), tint, alpha * 0.8
        )


def _map(s: Scene, pen: Pen, screen: Screen, row: int) -> None:
    for n in range(1, 7):
        pen.line(
            [screen(n / 7, 0.05), screen(n / 7 + s.random.uniform(-0.06, 0.06), 0.95)],
            BLUE,
            1.6,
            0.45,
        )
        pen.line(
            [screen(0.04, n / 7), screen(0.96, n / 7 + s.random.uniform(-0.08, 0.08))],
            BLUE,
            1.6,
            0.45,
        )
    for n in range(4):
        pen.dot(
            *screen(0.18 + n * 0.2, s.random.uniform(0.2, 0.8)), 6 if n else 9, AMBER if n else RED
        )


def _sound(s: Scene, pen: Pen, screen: Screen, row: int) -> None:
    for n in range(44):
        u = 0.06 + n * 0.02
        h = 0.04 + 0.34 * abs(math.sin(n * 0.41) * math.sin(n * 0.13 + row)) * s.random.uniform(
            0.5, 1
        )
        pen.line([screen(u, 0.5 - h), screen(u, 0.5 + h)], PALE, 2.4, 0.65)


def _tiles(s: Scene, pen: Pen, screen: Screen, row: int) -> None:
    for n in range(3):
        for m in range(4):
            tint, alpha = (
                (RED, 0.9) if (n, m, row) == (1, 2, 0) else (BLUE, s.random.uniform(0.16, 0.5))
            )
            pen.polygon(
                _patch(screen, 0.07 + m * 0.22, 0.1 + n * 0.29, 0.25 + m * 0.22, 0.32 + n * 0.29),
                tint,
                alpha,
            )


def _chair(pen: Pen, colour: Colour, grow: float) -> None:
    pen.box(708 - grow, 398 - grow, 184 + 2 * grow, 92 + 2 * grow, colour, 1, 40)
    pen.box(772, 470, 56, 60, colour)
    pen.polygon(
        [(664 - grow, 520 - grow), (936 + grow, 520 - grow), (912 + grow, 800), (688 - grow, 800)],
        colour,
    )
    pen.box(664 - grow, 500 - grow, 272 + 2 * grow, 90, colour, 1, 42)
    pen.box(688 - grow, 720, 224 + 2 * grow, 100 + grow, colour, 1, 46)
    for x in (576, 944):
        pen.box(x - grow, 668 - grow, 80 + 2 * grow, 36 + 2 * grow, colour, 1, 18)
        pen.box(x + 28 - grow, 680, 24 + 2 * grow, 150, colour, 1, 10)
    pen.box(610 - grow, 796 - grow, 380 + 2 * grow, 62 + 2 * grow, colour, 1, 30)
    pen.box(776 - grow, 840, 48 + 2 * grow, 80, colour)


def two_lights(s: Scene) -> None:
    """Two lamps on one desk before a window."""
    x0, y0, w, h = 430, 96, 740, 430
    s.pen.box(x0 - 22, y0 - 22, w + 44, h + 44, (7, 12, 26), 1, 6)
    for n in range(h // 2):
        s.pen.box(x0, y0 + n * 2, w, 2.5, mix((20, 36, 76), (52, 64, 110), n / (h / 2)))
    for _ in range(70):
        s.pen.dot(
            s.random.uniform(x0 + 6, x0 + w - 6),
            y0 + h * 0.7 * s.random.random(),
            s.random.uniform(0.8, 1.8),
            PALE,
            0.5,
        )
    for base, tint in ((380, (30, 42, 80)), (430, (16, 25, 52))):
        x = float(x0)
        while x < x0 + w:
            step = min(s.random.uniform(24, 70), x0 + w - x)
            y = base + s.random.uniform(-46, 46)
            s.pen.box(x, y, step, y0 + h - y, tint)
            for _ in range(3):
                if step > 24 and s.random.random() < 0.5 and y + 16 < y0 + h - 14:
                    s.pen.box(
                        x + s.random.uniform(4, step - 8),
                        s.random.uniform(y + 8, y0 + h - 10),
                        4,
                        5,
                        AMBER,
                        0.6,
                    )
            x += step
    for x in (x0 + w / 3, x0 + 2 * w / 3):
        s.pen.box(x - 6, y0, 12, h, (7, 12, 26))
    s.pen.box(0, 690, 1600, 210, (12, 16, 30))
    s.pen.box(0, 690, 1600, 3, AMBER, 0.35)
    lamps = ((560, 430, 1), (1040, 430, -1))
    for x, y, way in lamps:
        hx = x + way * 66
        with s.light(0.4, 0.5, 0.42) as pen:
            pen.polygon(
                [(hx - 62, y + 8), (hx + 62, y + 8), (hx + 330, 694), (hx - 330, 694)],
                mix(AMBER, RED, 0.12),
                0.38,
            )
            pen.ellipse(hx, 752, 360, 66, AMBER, 0.62)
            pen.ellipse(hx, 752, 230, 40, CREAM, 0.5)
    for x, y, way in lamps:
        hx = x + way * 66
        with s.light(0.9, 0.6) as pen:
            pen.ellipse(hx, y + 8, 62, 13, CREAM)
        body = (16, 20, 36)
        s.pen.ellipse(x - way * 118, 742, 96, 20, body)
        s.pen.line([(x - way * 118, 738), (x - way * 190, 520), (x + way * 40, 352)], body, 13)
        s.pen.dot(x - way * 190, 520, 15, body)
        s.pen.polygon(
            [(hx - 70, y + 6), (hx - 32, y - 76), (hx + 32, y - 76), (hx + 70, y + 6)], (30, 30, 46)
        )
        s.pen.polygon(
            [
                (hx + way * 70, y + 6),
                (hx + way * 32, y - 76),
                (hx + way * 22, y - 76),
                (hx + way * 54, y + 6),
            ],
            AMBER,
            0.5,
        )
        s.pen.dot(hx, y - 78, 15, body)
    s.pen.box(744, 726, 112, 40, (20, 24, 42), 1, 7)
    s.pen.ellipse(800, 727, 56, 12, (40, 42, 62))


def open_door(s: Scene) -> None:
    """A door left ajar, and the light that falls through it."""
    s.pen.polygon([(0, 660), (1600, 660), (1600, 900), (0, 900)], (8, 12, 26))
    s.pen.box(0, 652, 1600, 8, (20, 32, 62))
    s.haze(900, 430, 1300, AMBER, 0.3)
    with s.light(0.25, 0.5, 0.55) as pen:
        pen.polygon([(790, 660), (1010, 660), (760, 900), (170, 900)], AMBER, 0.75)
        pen.polygon([(820, 660), (980, 660), (640, 900), (300, 900)], CREAM, 0.35)
    s.pen.box(774, 150, 252, 510, (14, 20, 40))
    with s.light(0.5, 0.6) as pen:
        pen.box(790, 166, 220, 494, mix(AMBER, RED, 0.1))
        pen.box(790, 166, 220, 494, CREAM, 0.45)
    s.pen.polygon([(1010, 166), (1170, 118), (1170, 742), (1010, 660)], (24, 32, 60))
    s.pen.polygon([(1010, 166), (1024, 162), (1024, 668), (1010, 660)], AMBER, 0.75)
    for low, high in ((0.13, 0.46), (0.54, 0.87)):
        panel = []
        for u, v in ((0.25, low), (0.8, low), (0.8, high), (0.25, high)):
            top, bottom = 166 - 48 * u, 660 + 82 * u
            panel.append((1010 + 160 * u, top + (bottom - top) * v))
        s.pen.line([*panel, panel[0]], BLUE, 2, 0.3)
    s.pen.dot(1144, 440, 8, AMBER)
    tint = (52, 30, 34)
    s.pen.polygon([(892, 540), (908, 540), (914, 660), (886, 660)], tint)
    s.pen.box(822, 526, 156, 15, tint, 1, 7)
    for x, way in ((862, -1), (938, 1)):
        s.pen.box(x - 15, 488, 30, 40, tint, 1, 5)
        s.pen.arc(x + way * 17, 506, 10, 0, 360, tint, 5)
        for k in range(2):
            steam = [
                (x - 6 + k * 12 + 4 * math.sin(n * 0.62 + k), 480 - n * 3.4) for n in range(14)
            ]
            s.pen.line(steam, (150, 84, 46), 2.5, 0.5)
    # Ten minutes on the wall clock.
    s.pen.dot(420, 312, 124, (13, 20, 42))
    with s.light(0.6, 0.35) as pen:
        pen.arc(420, 312, 124, 0, 360, BLUE, 3, 0.7)
        pen.arc(420, 312, 101, 270, 330, AMBER, 15)
        for n in range(12):
            angle = math.radians(n * 30)
            ends = [(420 + r * math.cos(angle), 312 + r * math.sin(angle)) for r in (72, 82)]
            pen.line(ends, PALE, 3, 0.5)
        angle = math.radians(330)
        pen.line([(420, 312), (420 + 78 * math.cos(angle), 312 + 78 * math.sin(angle))], CREAM, 5)
        pen.line([(420, 312), (420, 258)], PALE, 5, 0.8)
        pen.dot(420, 312, 8, CREAM)


def _portrait(s: Scene, rim: Colour, back: Colour, side: int, hair: int) -> None:
    """Head and shoulders against the glow of a screen, wearing a headset."""
    s.haze(400 - side * 150, 300, 900, back, 0.8)
    for k in range(6):
        s.pen.arc(
            400 - side * 150, 300, 210 + k * 62, 0, 360, mix(back, PALE, 0.3), 1.5, 0.2 - k * 0.028
        )

    def figure(pen: Pen, colour: Colour, dx: float) -> None:
        pen.polygon([(340 + dx, 470), (460 + dx, 470), (470 + dx, 640), (330 + dx, 640)], colour)
        pen.box(150 + dx, 588, 500, 400, colour, 1, 165)
        pen.ellipse(400 + dx, 352, 124, 154, colour)
        if hair == 0:
            pen.ellipse(400 + dx, 310, 150, 150, colour)
            pen.box(250 + dx, 226, 300, 280, colour, 1, 84)
        else:
            pen.ellipse(400 + dx, 282, 130, 104, colour)

    with s.light(0.5, 0.3, 0.9) as pen:
        figure(pen, rim, -side * 7)
    figure(s.pen, mix(INK, back, 0.1), 0)
    s.pen.polygon(
        [(300, 588), (400, 720), (500, 588), (460, 566), (340, 566)], mix(INK, back, 0.28)
    )
    skin = mix(NIGHT, rim, 0.4)
    s.pen.polygon(
        [(344, 440), (456, 440), (466, 592), (400, 668), (334, 592)], mix(NIGHT, rim, 0.26)
    )
    s.pen.ellipse(400, 364, 104, 134, skin)
    fringe = mix(INK, back, 0.1)
    s.pen.polygon(
        [
            (282, 330),
            (300, 236),
            (400, 206),
            (500, 236),
            (518, 330),
            (470, 292),
            (400 - side * 50, 268),
            (330, 300),
        ],
        fringe,
    )
    band = mix(INK, PALE, 0.16)
    s.pen.arc(400, 330, 150, 188, 352, band, 15)
    s.pen.box(400 + side * 134 - 26, 310, 52, 108, band, 1, 24)
    with s.light(0.7, 0.3) as pen:
        boom = [
            (400 + side * (136 - 66 * t * t), 412 + 66 * math.sin(t * math.pi / 2))
            for t in (n / 12 for n in range(13))
        ]
        pen.line(boom, mix(rim, PALE, 0.3), 6, 0.8)
        pen.box(400 + side * 70 - 21, 468, 42, 19, rim, 1, 9)


def portrait_amber(s: Scene) -> None:
    _portrait(s, AMBER, (66, 92, 160), 1, 0)


def portrait_blue(s: Scene) -> None:
    _portrait(s, BLUE, (150, 78, 50), -1, 1)
