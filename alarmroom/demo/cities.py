"""Cities at night, seen from above and from afar."""

import math
from collections.abc import Callable

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
    Point,
    Scene,
    mix,
)


def fireground(s: Scene) -> None:
    """A city in isometric view; one block burns and the units come."""
    cx, cy = 800, -742
    fire = (7, 7)
    # Along the streets: the streets run at whole numbers, the blocks lie between them.
    routes: list[list[Point]] = [
        [(2.2, 9), (7, 9), (7, 8.3)],
        [(8, 1.6), (8, 7.0)],
        [(12.4, 7), (8.45, 7)],
        [(7, 13), (7, 9.9)],
        [(11.4, 11), (8, 11), (8, 8.9)],
    ]

    def at(i: float, j: float, h: float = 0) -> Point:
        return cx + (i - j) * 158, cy + (i + j) * 79 - h

    with s.light(0.3, 0, 0.7) as pen:
        for k in range(16):
            pen.line([at(k, 0), at(k, 16)], BLUE, 2, 0.32)
            pen.line([at(0, k), at(16, k)], BLUE, 2, 0.32)
    s.haze(*at(7.5, 7.5), 900, RED, 0.6, 0.6)
    with s.light(0.9, 0.5) as pen:
        for route in routes:
            pen.line([at(*p) for p in route], AMBER, 6, 0.8)
    # From the back to the front, so that the nearer hides the farther.
    for i, j in sorted(
        ((i, j) for i in range(16) for j in range(16)), key=lambda ij: ij[0] + ij[1]
    ):
        x, y = at(i + 0.5, j + 0.5)
        if -200 < x < 1800 and -120 < y < 1080:
            _block(s, at, i, j, max(0.0, 1 - math.dist((i, j), fire) / 2.7))
    with s.light(0.8, 0.9, 0) as pen:
        x, y = at(fire[0] + 0.5, fire[1] + 0.5, 40)
        pen.ellipse(x, y, 92, 50, RED)
        pen.ellipse(x, y, 44, 24, AMBER)
    with s.light(1, 0.5) as pen:
        for route in routes:
            x, y = at(*route[-1])
            pen.dot(x, y, 11, AMBER)
            pen.dot(x, y, 5, CREAM)
            pen.arc(x, y, 22, 0, 360, AMBER, 2.5, 0.75)


def _block(s: Scene, at: Callable[..., Point], i: int, j: int, heat: float) -> None:
    """Four buildings; `heat` is 1 where it burns and falls to 0 with the distance."""
    for di, dj in ((0, 0), (1, 0), (0, 1), (1, 1)):
        i0, j0 = i + 0.17 + di * 0.34, j + 0.17 + dj * 0.34
        i1, j1 = i0 + 0.31, j0 + 0.31
        h = s.random.choice((10, 14, 20, 28, 40)) + s.random.random() * 10
        left, right, top = (
            mix(c, RED, heat * w) for c, w in ((NIGHT, 0.5), ((14, 25, 52), 0.42), (DUSK, 0.32))
        )
        if heat == 1:
            h = 30 + 10 * di
            left, right, top = (196, 44, 40), (140, 26, 32), (255, 142, 80)
        s.pen.polygon([at(i0, j1), at(i1, j1), at(i1, j1, h), at(i0, j1, h)], left)
        s.pen.polygon([at(i1, j1), at(i1, j0), at(i1, j0, h), at(i1, j1, h)], right)
        s.pen.polygon([at(i0, j0, h), at(i1, j0, h), at(i1, j1, h), at(i0, j1, h)], top)
        for _ in range(3):
            if heat < 1 and s.random.random() < 0.3:
                x, up = i0 + s.random.uniform(0.03, 0.22), s.random.uniform(4, h - 6)
                window = [
                    at(x, j1, up),
                    at(x + 0.045, j1, up),
                    at(x + 0.045, j1, up + 5),
                    at(x, j1, up + 5),
                ]
                s.pen.polygon(window, mix(AMBER, PALE, s.random.random()), 0.6)


def map_grid(s: Scene) -> None:
    """The districts of a city, every one joined to a single room."""
    cols, rows = 11, 7
    home = (1020, 500)

    def corner(i: int, j: int) -> Point:
        return corners[min(max(i, 0), cols)][min(max(j, 0), rows)]

    dx, dy = 1760 / cols, 1060 / rows
    corners = [
        [
            (
                -80 + (i + s.random.uniform(-0.36, 0.36)) * dx,
                -80 + (j + s.random.uniform(-0.36, 0.36)) * dy,
            )
            for j in range(rows + 1)
        ]
        for i in range(cols + 1)
    ]
    s.haze(*home, 1700, STEEL, 0.65, 0.8)
    middles = []
    for i in range(cols):
        for j in range(rows):
            shape = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)]
            mx, my = sum(x for x, _ in shape) / 4, sum(y for _, y in shape) / 4
            middles.append((mx, my))
            inset = [(mx + (x - mx) * 0.955, my + (y - my) * 0.95) for x, y in shape]
            s.pen.polygon(inset, mix(NIGHT, STEEL, s.random.uniform(0.12, 0.5)), 0.8)
            for t in (0.25, 0.5, 0.75):
                for p, q in (((0, 1), (3, 2)), ((0, 3), (1, 2))):
                    (ax, ay), (bx, by) = inset[p[0]], inset[p[1]]
                    (ex, ey), (fx, fy) = inset[q[0]], inset[q[1]]
                    s.pen.line(
                        [
                            (ax + (bx - ax) * t, ay + (by - ay) * t),
                            (ex + (fx - ex) * t, ey + (fy - ey) * t),
                        ],
                        BLUE,
                        1,
                        0.16,
                    )
            with_edge = [*inset, inset[0]]
            s.pen.line(with_edge, BLUE, 1.6, 0.4)
    s.pen.line(
        [(-20, 250), (240, 330), (470, 620), (760, 700), (1100, 760), (1320, 930)], (10, 22, 50), 46
    )
    s.haze(*home, 560, AMBER, 0.55)
    with s.light(0.8, 0.35, 0.9) as pen:
        for mx, my in middles:
            reach = math.dist((mx, my), home)
            if reach < 70 or s.random.random() < 0.3:
                continue
            bend = s.random.choice((-1, 1)) * s.random.uniform(0.12, 0.3)
            kx, ky = (
                (mx + home[0]) / 2 - (my - home[1]) * bend,
                (my + home[1]) / 2 + (mx - home[0]) * bend,
            )
            path = [_curve((mx, my), (kx, ky), home, n / 24) for n in range(25)]
            for n in range(24):
                pen.line(
                    path[n : n + 2],
                    mix(BLUE, AMBER, (n / 23) ** 1.5),
                    1.2 + 1.2 * n / 23,
                    0.2 + 0.34 * n / 23,
                )
            hot = s.random.random() < 0.07
            pen.dot(mx, my, 7 if hot else 3.6, RED if hot else PALE, 1 if hot else 0.75)
    with s.light(1, 0.8) as pen:
        pen.arc(*home, 40, 0, 360, AMBER, 2.5, 0.9)
        pen.dot(*home, 17, AMBER)
        pen.dot(*home, 10, CREAM)


def _curve(a: Point, control: Point, b: Point, t: float) -> Point:
    """A point of the quadratic Bézier curve from `a` to `b`."""
    u = 1 - t
    x, y = (u * u * p + 2 * u * t * k + t * t * q for p, k, q in zip(a, control, b, strict=True))
    return x, y


def shift_change(s: Scene) -> None:
    """A low sun behind the skyline, and the hours of the night fading over it."""
    cx, cy = 800, 716
    s.haze(cx, cy, 2000, (120, 52, 50), 0.75, 0.75)
    s.haze(cx, cy, 1050, AMBER, 0.7, 0.75)
    with s.light(0.5, 0.3) as pen:
        for k in range(49):
            angle = math.radians(180 + k * 180 / 48)
            major = k % 4 == 0
            tint, alpha = mix(BLUE, AMBER, k / 48), 0.35 + 0.65 * k / 48
            r0, r1 = 520, 520 + (40 if major else 18)
            ends = [(cx + r * math.cos(angle), cy + r * math.sin(angle)) for r in (r0, r1)]
            pen.line(ends, tint, 5 if major else 2.5, alpha)
        pen.arc(cx, cy, 470, 180, 318, BLUE, 2, 0.5)
        pen.arc(cx, cy, 470, 318, 360, AMBER, 5, 0.95)
        angle = math.radians(318)
        pen.dot(cx + 470 * math.cos(angle), cy + 470 * math.sin(angle), 12, CREAM)
    for r, tint in (
        (300, mix(DUSK, RED, 0.35)),
        (236, mix(RED, AMBER, 0.25)),
        (176, mix(RED, AMBER, 0.7)),
    ):
        s.pen.dot(cx, cy, r, tint, 0.5)
    with s.light(0.6, 0.7) as pen:
        pen.dot(cx, cy, 122, AMBER)
        pen.dot(cx, cy, 116, CREAM, 0.75)
    for depth, (base, tint) in enumerate(
        (((640, 60), mix(NIGHT, RED, 0.24)), ((690, 75), (22, 20, 38)), ((752, 70), INK))
    ):
        x = -20.0
        while x < 1620:
            w = s.random.uniform(44, 120)
            y = (
                base[0]
                + s.random.uniform(-1, 1) * base[1]
                + 66 * math.exp(-(((x + w / 2 - cx) / 260) ** 2)) * (2 - depth)
            )
            s.pen.box(x, y, w + 1, 400, tint)
            if depth == 2 and s.random.random() < 0.3:
                s.pen.line([(x + w / 2, y), (x + w / 2, y - s.random.uniform(24, 60))], tint, 3)
            if depth:
                for _ in range(5):
                    if s.random.random() < 0.4:
                        wx, wy = x + s.random.uniform(8, w - 14), y + s.random.uniform(16, 150)
                        s.pen.box(wx, wy, 5, 8, AMBER, 0.55)
            x += w
    mast = 1240
    s.pen.polygon([(mast - 26, 900), (mast - 3, 420), (mast + 3, 420), (mast + 26, 900)], INK)
    with s.light(1, 0.6) as pen:
        pen.dot(mast, 416, 6, RED)
