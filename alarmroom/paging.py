"""Lists in pages: any number that is asked for gives one."""

from typing import Any

from django.core.paginator import Page
from django.core.paginator import Paginator as DjangoPaginator


class Paginator(DjangoPaginator[Any]):
    """Django's own, but that a number below the first page's is the first page, not the last."""

    def get_page(self, number: Any) -> Page[Any]:
        try:
            return self.page(1) if int(number) < 1 else super().get_page(number)
        except (TypeError, ValueError):
            return super().get_page(number)
