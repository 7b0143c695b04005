"""The list of articles: its views, its filters, and what each row says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    When,
    prefetch_related_objects,
)
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from alarmroom.desk import copies, dates
from alarmroom.desk.exports import Column
from alarmroom.desk.lists import Tab
from alarmroom.desk.models import WorkingCopy
from alarmroom.site_url import absolute_url
from posts import ran_in
from posts.admin.article_filters import AuthorFilter, ChecksFilter, TopicFilter
from posts.admin.article_states import state_of
from posts.admin.article_views import VIEWS, revisions_that_wait
from posts.models import Post, access
from posts.pictures.renditions import PictureMissing, small_copy
from posts.search.desk import keys_found, marked, nearest_query
from posts.search.query import Query, parse

if TYPE_CHECKING:
    ArticleListBase = admin.ModelAdmin[Post]
else:
    ArticleListBase = object

THUMBNAIL = 132  # px: twice its width in the list, for screens with twice the pixels
MOST_TOPICS = 3
BEST = 100  # So many of what is found stand in the order of how well they fit.


class ArticleListMixin(ArticleListBase):
    """The list of articles, for their model admin."""

    list_display = ["article", "state", "date", "ran", "checks"]
    list_display_links = None  # The title is a link of its own, above the small facts.
    list_filter = [AuthorFilter, TopicFilter, ChecksFilter]
    list_select_related = ["author", "cover", "check_result"]
    list_per_page = 50
    # Drafts come first, on both databases, which differ in where they sort NULL.
    ordering = [F("published_at").desc(nulls_first=True), "-updated_at", "-pk"]
    search_fields = ["title", "summary"]
    search_help_text = "Search titles and text"
    views = VIEWS
    export_columns = (
        Column("Title", lambda post: post.title),
        Column("Dek", lambda post: post.summary),
        Column("State", lambda post: state_of(post)[1]),
        Column("Author", lambda post: post.author),
        Column("Topics", lambda post: ", ".join(tag.name for tag in post.topics())),
        Column("Published", lambda post: post.published_at or post.was_published_at),
        Column("Changed", lambda post: post.updated_at),
        Column(
            "Ran in", lambda post: ", ".join(ran.name for ran in post.desk_issues if ran.is_out)
        ),
        Column("Minutes", lambda post: post.reading_minutes),
        Column("Address", lambda post: absolute_url(post.get_absolute_url())),
    )
    row_heading = "article"
    cards_without_names = True

    def get_queryset(self, request: HttpRequest) -> Any:
        posts: Any = super().get_queryset(request)
        match = request.resolver_match
        if match and match.url_name == "posts_post_changelist":
            waits = revisions_that_wait().filter(object_id=OuterRef("pk"))
            return posts.annotate(desk_waits=Exists(waits))
        return posts

    def more_tabs(self, request: HttpRequest) -> list[Tab]:
        return [Tab("Bin", reverse("admin:bin"))]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Post], search_term: str
    ) -> tuple[QuerySet[Post], bool]:
        """Search the list by the site's own search; the pickers search titles and summaries."""
        shown = getattr(request, "desk_list", None)
        if shown is None or not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        query = parse(search_term)
        keys = keys_found(query)
        found = self._found_by(request, queryset, keys, search_term)
        # Whoever sees all, and searches all, sees what was found.
        is_sure = access.sees_all(request.user) and not shown.elsewhere_url
        is_missing = not keys if is_sure or not keys else not found.order_by().exists()
        if is_missing and (nearest := nearest_query(query)):
            other_keys = keys_found(nearest)
            other = self._found_by(request, queryset, other_keys, nearest.text)
            if other_keys and (is_sure or other.order_by().exists()):
                shown.notes.append(
                    f"Nothing is found for {query.quoted}. Shown is {nearest.quoted}."
                )
                query, found = nearest, other
        request.desk_query = query  # type: ignore[attr-defined]  # for prepare_rows()
        return found, False

    def _found_by(
        self, request: HttpRequest, queryset: QuerySet[Post], keys: list[int], typed: str
    ) -> QuerySet[Post]:
        """Return what is found, the best first, unless another order was asked for."""
        found = queryset.filter(Q(pk__in=keys) | Q(title__istartswith=typed.strip()))
        if not keys or ORDER_VAR in request.GET:
            return found
        best = [When(pk=key, then=place) for place, key in enumerate(keys[:BEST])]
        return found.order_by(Case(*best, default=BEST), *queryset.query.order_by)

    def prepare_rows(self, request: HttpRequest, rows: list[Any]) -> None:
        """Load the topics, the issues and who writes. Three queries."""
        prefetch_related_objects(rows, "tags")
        pks = [post.pk for post in rows]
        issues: dict[int, list[ran_in.Ran]] = {}
        for source in ran_in.SOURCES:
            for pk, found in source.find(request, pks).items():
                issues.setdefault(pk, []).extend(found)
        writing = self._writing(request, pks)
        query: Query | None = getattr(request, "desk_query", None)
        marks = marked(query, pks) if query else {}
        for post in rows:
            post.desk_title, post.desk_snippet = marks.get(post.pk, ("", ""))
            post.desk_issues = issues.get(post.pk, [])
            post.desk_writing = writing.get(post.pk, "")

    def prepare_export(self, request: HttpRequest, rows: list[Any]) -> None:
        prefetch_related_objects(rows, "tags")
        for post in rows:
            post.desk_issues = []
        for source in ran_in.SOURCES:
            found = source.find(request, [post.pk for post in rows])
            for post in rows:
                post.desk_issues += found.get(post.pk, [])

    def _writing(self, request: HttpRequest, pks: list[int]) -> dict[int, str]:
        """Return who else has one of these articles open and writes. One query."""
        kind = ContentType.objects.get_for_model(Post)
        rows = (
            WorkingCopy.objects.filter(content_type=kind, object_id__in=pks)
            .open()
            .filter(changed_at__gt=timezone.now() - copies.PRESENT)
            .exclude(by=None)
            .exclude(by=request.user.pk)
            .select_related("by")
            .defer("data", "base")
            .order_by("changed_at")
        )
        return {copy.object_id: copies.name_of(copy.by) for copy in rows[:200]}

    # Columns

    @admin.display(description="Article", ordering="title")
    def article(self, post: Any) -> SafeString:
        return format_html(
            '{}<span class="row-title"><a href="{}">{}</a></span>'
            '<span class="row-facts">{}</span>{}',
            self._cover(post),
            post.desk_url,
            post.desk_title or post.title,
            self._facts(post),
            self._found(post),
        )

    def _cover(self, post: Any) -> SafeString:
        # No copy is made while somebody waits for a list.
        if post.cover_id and post.cover.renditions:
            try:
                small = small_copy(post.cover, THUMBNAIL)
            except PictureMissing:
                pass
            else:
                return format_html(
                    '<img class="row-cover" src="{}" alt="" width="66" height="44" loading="lazy">',
                    small.url,
                )
        return format_html(
            '<span class="{}"><svg class="icon" aria-hidden="true"><use href="#i-picture" /></svg>'
            "</span>",
            "row-cover row-cover--none",
        )

    def _facts(self, post: Any) -> SafeString:
        topics = [tag.name for tag in post.topics()]
        if not topics:
            return format_html('{} · <span class="row-lacks">no topic</span>', post.author)
        named = ", ".join(topics[:MOST_TOPICS])
        more = f" and {len(topics) - MOST_TOPICS} more" if len(topics) > MOST_TOPICS else ""
        return format_html("{} · {}{}", post.author, named, more)

    def _found(self, post: Any) -> SafeString | str:
        if not post.desk_snippet:
            return ""
        return format_html('<span class="row-found">{}</span>', post.desk_snippet)

    @admin.display(description="State")
    def state(self, post: Any) -> SafeString:
        key, words = state_of(post)
        also: SafeString | str = ""
        if post.desk_writing:
            also = format_html('<span class="row-also">{} is in it now</span>', post.desk_writing)
        elif post.desk_waits:
            also = format_html('<span class="row-also row-lacks">{}</span>', "Changes waiting")
        return format_html('<span class="state state-{}">{}</span>{}', key, words, also)

    @admin.display(description="Date", ordering="published_at")
    def date(self, post: Any) -> str:
        if post.withdrawn_at:
            return f"Withdrawn {dates.moment(post.withdrawn_at)}"
        if post.published_at is None:
            return f"Changed {dates.moment(post.updated_at)}"
        if post.is_scheduled:
            return f"For {dates.moment(post.published_at)}"
        return dates.moment(post.published_at)

    @admin.display(description="Ran in")
    def ran(self, post: Any) -> SafeString | str:
        if not post.desk_issues:
            return format_html('<span class="row-none">{}</span>', "–")
        return format_html_join(
            mark_safe("<br>"),
            "{}{}",
            (
                (
                    format_html('<a href="{}">{}</a>', ran.url, ran.name) if ran.url else ran.name,
                    "" if ran.is_out else " planned",
                )
                for ran in post.desk_issues[:3]
            ),
        )

    @admin.display(description="Checks", ordering="-check_result__errors")
    def checks(self, post: Any) -> SafeString:
        result = getattr(post, "check_result", None)
        if result is None or post.is_withdrawn:
            return format_html('<span class="row-none">{}</span>', "–")
        if result.errors:
            return format_html('<span class="chk chk--fix">{} to fix</span>', result.errors)
        if result.warnings:
            return format_html('<span class="chk chk--look">{} to look at</span>', result.warnings)
        return format_html('<span class="chk chk--ok">{}</span>', "Passed")
