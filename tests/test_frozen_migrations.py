"""Migrations are frozen: what they do depends on no code that is changed later."""

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.db import models

from newsletter.models import Issue
from posts.models import Page, Post

ROOMS = ("alarmroom", "posts", "subscribers", "newsletter")
MIGRATIONS = sorted(
    path.relative_to(settings.BASE_DIR)
    for room in ROOMS
    for path in (settings.BASE_DIR / room).glob("migrations/*.py")
)
# Django writes the name of a function into a migration, and compares it with the model's own:
# these stay where they are. They are named where a table is created, and not called.
NAMED = {
    ("posts/migrations/0003_pages_and_old_addresses.py", "posts.models.addresses.not_reserved"),
    ("subscribers/migrations/0001_initial.py", "subscribers.models.new_key"),
    ("subscribers/migrations/0001_initial.py", "subscribers.models.private_storage"),
}


def live_names(path: Path) -> set[str]:
    """Return what a migration uses of the project, as dotted names.

    Modules beside it that begin with an underscore are frozen like itself.
    """
    tree = ast.parse((settings.BASE_DIR / path).read_text())
    imported, used = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(path.parent.parts[: len(path.parent.parts) - node.level + 1])
            module = ".".join(filter(None, [package if node.level else "", node.module]))
            used |= {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute):
            used.add(ast.unparse(node))
    # `import posts.models.addresses` is what Django writes; what it uses of it stands further down.
    used |= {name for name in imported if not any(one.startswith(f"{name}.") for one in used)}
    own = ".".join(path.parent.parts) + "._"
    return {
        name
        for name in used
        if name.partition(".")[0] in ROOMS and not name.startswith(own) and name not in imported
    }


@pytest.mark.parametrize("path", MIGRATIONS, ids=str)
def test_no_migration_uses_live_code(path: Path) -> None:
    allowed = {name for of, name in NAMED if of == str(path)}
    # A part of an allowed name ("subscribers.models") is no use of its own.
    live = {
        name
        for name in live_names(path)
        if not any(f"{one}.".startswith(f"{name}.") for one in allowed)
    }
    assert live == set()


def test_every_name_that_is_allowed_is_still_needed() -> None:
    for path, name in NAMED:
        assert name in live_names(Path(path))


def test_imports_by_name_would_be_seen() -> None:
    for path in MIGRATIONS:
        text = (settings.BASE_DIR / path).read_text()
        assert "import_module" not in text and "__import__" not in text, path


@pytest.mark.parametrize("model", [Post, Page, Issue])
def test_a_text_of_the_editor_is_plain_text_to_a_migration(model: type[models.Model]) -> None:
    field = model._meta.get_field("intro" if model is Issue else "body")
    assert field.deconstruct()[1] == "django.db.models.TextField"
