"""The ways in which the preview shows an article. A room above this one adds its own to KINDS."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True)
class Kind:
    """A way to see an article: what editors call it, and the name of its address.

    The address for an article that was never saved has the same name with "-new" after it.
    """

    key: str
    name: str
    address: str

    def url(self, pk: int | None) -> str:
        return address_of(self.address, pk)


KINDS = [
    Kind("article", "Article", "posts:preview"),
    Kind("search", "Search result", "posts:preview-search"),
    Kind("card", "Social card", "posts:preview-card"),
]


def tab_url(pk: int | None) -> str:
    """Return the address of the preview in a tab of its own."""
    return address_of("posts:preview-tab", pk)


def address_of(name: str, pk: int | None) -> str:
    return reverse(name, args=[pk]) if pk else reverse(f"{name}-new")
