"""No regular expression takes long over a text that somebody sent on purpose.

Every pattern of the project is found, tried on texts made of its own parts, and its steps are
counted at two sizes. A new pattern is tried as soon as it is written.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.steps import Matcher, TooMany, nasty, steps

ROOMS = ("alarmroom", "posts", "subscribers", "newsletter")
# What reads nothing but the project's own files and its operator's settings.
OURS = {
    "alarmroom/staticfiles.py": "style sheets and scripts of the project",
    "alarmroom/theme.py": "one script of the project",
    "posts/views/errors.py:_STYLE": "templates of the project",
}
# Put together where they are used, of words that are escaped.
MADE_WHERE_USED = {
    # Of a setting, whose pattern its caller gives.
    "alarmroom/environment.py: parameter",
    "newsletter/mail/mime.py: '|'.join((re.escape(mark) for mark in tokens))",
    "posts/search/postgresql.py: '|'.join(patterns)",
    # Of the table VALUES: every repetition there has a small limit.
    "posts/text/allowlist.py: pattern",
    # Of the name of an element.
    "posts/text/markup.py: f'</{name}(?=[ \\\\t\\\\n\\\\f\\\\r/>])'",
}
# Patterns over the text of an article, which have worst cases of their own.
ELSEWHERE = ("posts/text/html.py", "posts/text/structure.py", "posts/text/body.py")
SMALL, LARGE = 60, 120
BOUND = 200_000


@dataclass(frozen=True)
class Used:
    """A pattern, where it stands, and how it is used."""

    where: str
    pattern: re.Pattern[Any]
    anchored: bool
    whole: bool


def modules() -> list[Path]:
    root = Path(settings.BASE_DIR)
    paths = (path.relative_to(root) for room in ROOMS for path in (root / room).rglob("*.py"))
    return sorted(path for path in paths if "migrations" not in path.parts)


@cache
def sources() -> dict[str, str]:
    return {str(path): (Path(settings.BASE_DIR) / path).read_text() for path in modules()}


def methods(name: str, path: str) -> set[str]:
    """Return what is asked of the pattern that has this name; "" for anything else."""
    found = set()
    for source in [sources()[path]] if name.startswith("_") else sources().values():
        for match in re.finditer(rf"(?<![\w]){name}\b(?:\.(\w+))?(?! *[=:])", source):
            before = source[: match.start()].rpartition("\n")[2]
            if "import" not in before and match[1] != "pattern":
                found.add(match[1] or "")
    return found - {""} if found != {""} else found


@cache
def patterns() -> tuple[tuple[Used, ...], frozenset[str]]:
    """Return every pattern, and the calls whose pattern is known only where they run."""
    found, unknown = [], set()
    for path in modules():
        if str(path) in ELSEWHERE:
            continue
        tree = ast.parse(sources()[str(path)])
        names = {
            id(node.value): ast.unparse(node.targets[0])
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
        }
        for node in ast.walk(tree):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "re"
                and node.func.attr not in ("escape",)
            ):
                continue
            module = import_module(".".join(path.with_suffix("").parts))
            flags = [
                argument
                for argument in [*node.args[1:], *(keyword.value for keyword in node.keywords)]
                if ast.unparse(argument).startswith("re.")
            ]
            try:
                pattern = re.compile(
                    _evaluated(node.args[0], module),
                    sum(_evaluated(flag, module) for flag in flags),
                )
            except NameError:
                unknown.add(f"{path}: {ast.unparse(node.args[0])}")
                continue
            name = names.get(id(node), "")
            where = f"{path}:{name or ast.unparse(node.args[0])}"
            asked = (
                methods(name, str(path))
                if node.func.attr == "compile" and name
                else {node.func.attr}
            )
            found.append(
                Used(where, pattern, asked <= {"match", "fullmatch"}, asked <= {"fullmatch"})
            )
    return tuple(found), frozenset(unknown)


def _evaluated(node: ast.expr, module: Any) -> Any:
    return eval(compile(ast.Expression(node), module.__name__, "eval"), dict(vars(module)))


def of_strangers() -> list[Used]:
    return [
        used
        for used in patterns()[0]
        if used.where not in OURS and used.where.partition(":")[0] not in OURS
    ]


@pytest.mark.parametrize("used", of_strangers(), ids=lambda used: used.where)
def test_twice_the_text_takes_about_twice_the_steps(used: Used) -> None:
    for begin, unit, end in nasty(used.pattern):
        counted = []
        for size in (SMALL, LARGE):
            text = begin + unit * (size // len(unit)) + end
            try:
                counted.append(
                    steps(used.pattern, text, anchored=used.anchored, whole=used.whole, bound=BOUND)
                )
            except TooMany:
                pytest.fail(f"{begin!r} + {unit!r} * n + {end!r}: over {BOUND} steps")
        # Twice for a linear one, four times for a quadratic one.
        assert counted[1] < 3 * counted[0] + 50, f"{begin!r} + {unit!r} * n + {end!r}: {counted}"


def test_every_pattern_is_known_or_made_of_escaped_words() -> None:
    assert patterns()[1] == MADE_WHERE_USED
    assert {one.partition(":")[0] for one in OURS} <= set(sources())


@pytest.mark.parametrize(
    "slow",
    [
        r"(\.(html?|aspx?))?[/.,;]*$",
        r"<img [^>]*>",
        r"(?:a+)+b",
        r"\s*\n\s*x",
        r"<p>\s*(.*?)\s*</p>",
        r"<b>.*?</b>",
    ],
)
def test_a_slow_pattern_would_be_found(slow: str) -> None:
    used = Used("here", re.compile(slow), anchored=False, whole=False)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_twice_the_text_takes_about_twice_the_steps(used)


@pytest.mark.parametrize("fast", [r"[^\W_]+", r"<[^<>]*>", r"(?:/[a-z]+)*/?", r"'s(?!\w)"])
def test_the_counted_matches_are_those_of_re(fast: str) -> None:
    pattern = re.compile(fast)
    text = "a/b c's <x> <y z> /ab/cd/ <<>"
    found = pattern.search(text)
    assert found
    matcher = Matcher(pattern, text, 10_000)
    assert next(matcher.sequence(matcher.items, found.start())) == found.end()
