"""A paginator that returns a page for every number in the address."""

from typing import Any

from django.core.paginator import Page
from django.core.paginator import Paginator as DjangoPaginator


class Paginator(DjangoPaginator[Any]):
    """Django's paginator, except that a number below 1 gives the first page, not the last."""

    def get_page(self, number: Any) -> Page[Any]:
        try:
            return self.page(1) if int(number) < 1 else super().get_page(number)
        except (TypeError, ValueError):
            return super().get_page(number)
