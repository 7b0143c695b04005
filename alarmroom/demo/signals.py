"""Calls, silences and days, drawn as lines and lamps."""

import math

from alarmroom.demo.canvas import AMBER, BLUE, CREAM, PALE, RED, STEEL, Pen, Scene, mix


def timeline(s: Scene) -> None:
    """A call as a waveform, one passage of it under review."""
    s.haze(1010, 450, 900, RED, 0.28)
    s.haze(520, 450, 1200, BLUE, 0.34)
    for n in range(17):
        s.pen.line([(n * 100, 0), (n * 100, 900)], STEEL, 1, 0.3)
    for y in (170, 730):
        s.pen.line([(0, y), (1600, y)], STEEL, 1.5, 0.6)
    for n in range(161):
        tall = 16 if n % 10 == 0 else 8
        s.pen.line([(n * 10, 170), (n * 10, 170 - tall)], STEEL, 1.5, 0.8)
    s.pen.box(912, 196, 216, 508, AMBER, 0.08, 14)
    with s.light(0.5, 0.3) as pen:
        _wave(s, pen, 0, 912)
        _wave(s, pen, 1128, 1600)
    with s.light(0.9, 0.6) as pen:
        _wave(s, pen, 912, 1128)
        for edge, inward in ((912, 1), (1128, -1)):
            pen.line(
                [(edge + 18 * inward, 196), (edge, 196), (edge, 704), (edge + 18 * inward, 704)],
                AMBER,
                3,
                0.9,
            )
    for track, top in enumerate((764, 798, 832)):
        x = 40 + track * 60.0
        while x < 1560:
            w = s.random.uniform(30, 200)
            hot = 880 < x < 1100
            s.pen.box(
                x, top, min(w, 1570 - x), 14, AMBER if hot else BLUE, 0.75 if hot else 0.26, 7
            )
            x += w + s.random.uniform(20, 120)
    with s.light(1, 0.6) as pen:
        pen.line([(1016, 140), (1016, 860)], RED, 3)
        pen.dot(1016, 140, 9, RED)


def _wave(s: Scene, pen: Pen, low: int, high: int) -> None:
    for x in range(low + 6, high, 12):
        speech = abs(math.sin(x * 0.0107) * math.sin(x * 0.0031 + 1.1)) ** 0.75 + 0.04
        h = max(3, 225 * speech * (0.4 + 0.6 * s.random.random()))
        hot = 912 <= x <= 1128
        if hot:
            h = max(
                h,
                30
                + 165
                * abs(math.sin((x - 912) / 216 * math.pi))
                * (0.45 + 0.55 * s.random.random()),
            )
        tint = mix(RED, AMBER, 0.75) if hot else mix(BLUE, PALE, min(1, h / 320))
        pen.box(x - 3, 450 - h, 6, 2 * h, tint, 0.95 if hot else 0.75, 3)


def silence(s: Scene) -> None:
    """Waves that spread from one small warm point."""
    cx, cy = 1010, 480
    s.haze(cx, cy, 2200, STEEL, 0.6, 0.8)
    with s.light(0.45, 0.25) as pen:
        for k in range(1, 27):
            r = 26 + k * 25 + k * k * 0.82
            fade = max(0, 1 - k / 28) ** 1.15
            tint = mix(mix(AMBER, BLUE, min(1, k / 6)), STEEL, max(0, (k - 12) / 16))
            gap = s.random.uniform(0, 360)
            open_ = s.random.uniform(8, 40) if k > 3 else 0
            pen.arc(
                cx,
                cy,
                r,
                gap + open_,
                gap + 360,
                tint,
                1.2 + 4.6 * fade * (0.4 + 0.6 * (k % 3 == 0)),
                0.25 + 0.7 * fade,
            )
    with s.light(0, 0.1, 0.9) as pen:
        for _ in range(150):
            angle, r = s.random.uniform(0, 2 * math.pi), 140 + 1000 * s.random.random() ** 1.4
            pen.dot(
                cx + r * math.cos(angle),
                cy + r * math.sin(angle),
                s.random.uniform(0.8, 2.1),
                PALE,
                s.random.uniform(0.1, 0.55),
            )
    s.haze(cx, cy, 360, AMBER, 0.8)
    with s.light(1, 0.8) as pen:
        pen.dot(cx, cy, 15, AMBER)
        pen.dot(cx, cy, 9, CREAM)


def ninety_days(s: Scene) -> None:
    """Ninety lamps, lit one after another."""
    s.haze(1320, 450, 1400, AMBER, 0.34, 0.8)
    s.haze(300, 450, 1200, BLUE, 0.3, 0.8)
    with s.light(0.55, 0.4) as pen:
        for day in range(90):
            x, y = 178 + (day // 6) * 89, 228 + (day % 6) * 89
            t = day / 89
            tint = mix(mix(STEEL, BLUE, min(1, t * 2.4)), AMBER, max(0, t * 1.7 - 0.7))
            if day in (29, 59, 89):
                pen.arc(x, y, 36, 0, 360, RED if day < 89 else AMBER, 3, 0.9)
                tint = CREAM if day == 89 else mix(tint, CREAM, 0.35)
            pen.arc(x, y, 25, 0, 360, tint, 2.2, 0.45 + 0.4 * t)
            pen.dot(x, y, 3 + 19 * t**0.8, tint, 0.35 + 0.65 * t)
