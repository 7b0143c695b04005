"""Further sections of an issue's report, of whoever knows more about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.text import slugify

from newsletter.models import Issue


@dataclass(frozen=True)
class Section:
    """A part of the page below the figures of the delivery."""

    name: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return slugify(self.name)


SectionOf = Callable[[HttpRequest, Issue], Section | None]
SECTIONS: list[SectionOf] = []


def section(function: SectionOf) -> SectionOf:
    """Register a section. It asks for permissions beyond `newsletter.view_issue` itself."""
    SECTIONS.append(function)
    return function


def of(request: HttpRequest, issue: Issue) -> list[Section]:
    return [found for function in SECTIONS if (found := function(request, issue))]
