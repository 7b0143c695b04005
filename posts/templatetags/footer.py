"""`{% load footer %}{% footer_pages %}`: the links at the foot of every page."""

from typing import Any

from django import template

from posts.models import page

register = template.Library()


@register.inclusion_tag("posts/_footer_pages.html")
def footer_pages() -> dict[str, Any]:
    """Return what the links show, mostly without a query: it is cached (posts/models/page.py)."""
    return {"pages": page.footer_pages()}
