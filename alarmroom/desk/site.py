"""The desk: Django's admin site, with GuardedAdmin as a base of every model admin."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.db.models.fields.related import RelatedField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from alarmroom.desk.guard import NOT_ON_THE_DESK, DeletionAdmin, GuardedAdmin
from alarmroom.desk.lists import ListAdmin
from alarmroom.desk.menu import Entry, menu_of
from alarmroom.desk.saved import SavedAdmin
from alarmroom.desk.words import WordsAdmin


class AutocompleteView(AutocompleteJsonView):
    """Django's view, which answers 403 instead of 500 for a name that is not a form field."""

    def process_request(self, request: HttpRequest) -> tuple[Any, ...]:
        found: tuple[Any, ...] = super().process_request(request)
        if not isinstance(found[2], RelatedField):
            raise PermissionDenied
        return found


class DeskSite(admin.AdminSite):
    """Adds GuardedAdmin to whatever is registered, including models of other packages."""

    # The menu is in the header (alarmroom/desk/menu.py).
    enable_nav_sidebar = False

    @method_decorator([never_cache, sensitive_post_parameters()])
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # This module is imported before the models of other apps are.
        from alarmroom.desk.signing_in import steps

        return steps.sign_in(self, request)

    def password_change(  # type: ignore[override]  # a redirect, once it is changed
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # This module is imported before the models of other apps are.
        from alarmroom.desk.signing_in import password_change

        return password_change.own(
            request, partial(super().password_change, request, extra_context)
        )

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[admin.ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        model_or_iterable = [m for m in models if m._meta.app_label not in NOT_ON_THE_DESK]
        admin_class = admin_class or admin.ModelAdmin
        if not issubclass(admin_class, GuardedAdmin):
            # The first base, so that the class cannot allow what it forbids.
            admin_class = type(
                admin_class.__name__,
                (GuardedAdmin, admin_class, DeletionAdmin, ListAdmin, SavedAdmin, WordsAdmin),
                {"__module__": __name__},
            )
        super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # Django's own view tells every editor the address of any object, even of a draft.
        shown = path(
            "r/<path:content_type_id>/<path:object_id>/",
            self.admin_view(self.view_on_site),
            name="view_on_site",
        )
        # Models are loaded by now; when this module is imported, they are not.
        from alarmroom.desk import bin_pages, factor_reset, guide, left_behind, log_page
        from alarmroom.desk.signing_in.urls import urls as signing_in

        again = path("sign-in-again/", self.sign_in_again, name="sign_in_again")
        search = path("find/", self.admin_view(self.find), name="find")
        technical = path("technical/", self.admin_view(self.technical), name="technical")
        rooms = (
            bin_pages.urls,
            guide.urls,
            log_page.urls,
            signing_in,
            factor_reset.urls,
            left_behind.urls,
        )
        own = [pattern for urls in rooms for pattern in urls(self)]
        return [shown, again, search, technical, *own, *super().get_urls()]

    def own_pages(self, request: HttpRequest) -> list[Entry]:
        """Return the pages of the menu that are no list of a model."""
        from alarmroom.desk import bin_pages, left_behind, log_page

        found = [bin_pages.entry(self, request), log_page.entry(request)]
        found.append(left_behind.entry(request))
        return [entry for entry in found if entry]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if context["has_permission"]:
            context["desk_menu"] = menu_of(self, request)
        return context

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        # The page is shown to nobody any more: it has no menu.
        return super().logout(request, {**(extra_context or {}), "desk_menu": None})

    def index(  # type: ignore[override]  # another page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # This module is imported before the models of other apps are.
        from alarmroom.desk import home

        return home.page(request, self)

    def find(self, request: HttpRequest) -> HttpResponse:
        from alarmroom.desk import finding

        return finding.page(request, self)

    def app_index(  # type: ignore[override]  # no template
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The pages of Django that list the models of an app: the menu does that."""
        return redirect("admin:index")

    def technical(self, request: HttpRequest) -> HttpResponse:
        """The lists that no editor needs, for whoever may see one of them."""
        if not menu_of(self, request).technical:
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        context = {**self.each_context(request), "title": "Technical"}
        return TemplateResponse(request, "admin/desk/technical.html", context)

    @property
    def sign_in_again(self) -> Callable[[HttpRequest], HttpResponse]:
        # This module is imported before the models of other apps are.
        from alarmroom.desk.sign_in_again import sign_in_again

        return sign_in_again

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return AutocompleteView.as_view(admin_site=self)(request)

    def view_on_site(
        self, request: HttpRequest, content_type_id: str, object_id: str
    ) -> HttpResponse:
        """Redirect users who may view an object to its page on the site."""
        # This module is imported before the models of other apps are.
        from django.contrib.contenttypes.models import ContentType
        from django.contrib.contenttypes.views import shortcut

        try:
            model = ContentType.objects.get(pk=content_type_id).model_class()
        except (ContentType.DoesNotExist, ValueError):
            raise Http404 from None
        model_admin = self._registry.get(model) if model else None
        if model_admin is None or not model_admin.has_view_permission(request):
            raise Http404
        shown = model_admin.get_object(request, object_id)
        if shown is None or not model_admin.has_view_permission(request, shown):
            raise Http404
        response: HttpResponse = shortcut(request, content_type_id, object_id)
        return response
