"""The list of articles: its views, its filters, and what each row says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
    prefetch_related_objects,
)
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from alarmroom.desk import copies, dates
from alarmroom.desk.exports import Column
from alarmroom.desk.lists import Tab, View
from alarmroom.desk.models import Revision, WorkingCopy
from alarmroom.site_url import absolute_url
from posts import ran_in
from posts.admin.article_states import state_of
from posts.models import Author, Post, PostQuerySet, Tag, access
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


def _drafts(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    assert isinstance(posts, PostQuerySet)  # noqa: S101 (for the type checker)
    return posts.drafts().not_in_review()


def _in_review(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    assert isinstance(posts, PostQuerySet)  # noqa: S101 (likewise)
    return posts.in_review()


def _scheduled(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    assert isinstance(posts, PostQuerySet)  # noqa: S101 (likewise)
    return posts.scheduled()


def _published(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    assert isinstance(posts, PostQuerySet)  # noqa: S101 (likewise)
    return posts.published()


def _withdrawn(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    assert isinstance(posts, PostQuerySet)  # noqa: S101 (likewise)
    return posts.withdrawn()


def _mine(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return posts.filter(owner=request.user.pk)


def _waiting(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    return _published(posts, request).filter(pk__in=_revisions_that_wait().values("object_id"))


def _ran_nowhere(posts: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    found: Any = _published(posts, request)
    for source in ran_in.SOURCES:
        found = source.without(found)
    return found


def _revisions_that_wait() -> QuerySet[Revision]:
    kind = ContentType.objects.get_for_model(Post)
    return Revision.objects.filter(content_type=kind, waits=True)


VIEWS = (
    View(
        "",
        "All",
        nothing="No articles yet.",
        hint="What you write is kept while you type, and only the desk sees it.",
    ),
    View(
        "mine",
        "Mine",
        _mine,
        "You have written no article yet.",
        "What you write stands here, whatever becomes of it.",
    ),
    View(
        "draft",
        "Drafts",
        _drafts,
        "There is no draft.",
        "What somebody begins to write stands here until it is published.",
    ),
    View(
        "review",
        "In review",
        _in_review,
        "Nothing is in review.",
        "What a writer submits stands here, until somebody decides about it.",
    ),
    View(
        "scheduled",
        "Scheduled",
        _scheduled,
        "Nothing is scheduled.",
        "An article with a date to come stands here, and is published by itself then.",
    ),
    View("published", "Published", _published, "Nothing is published yet."),
    View(
        "waiting",
        "Changes waiting",
        _waiting,
        "No changes wait.",
        "When you save a published article without updating it, it stands here.",
    ),
    View(
        "ran-nowhere",
        "Ran in no issue yet",
        _ran_nowhere,
        "Every published article ran in an issue.",
    ),
    View(
        "withdrawn",
        "Withdrawn",
        _withdrawn,
        "Nothing is withdrawn.",
        "An article that you take off the site stands here, and can be brought back.",
    ),
)


def _choices(request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
    """Return key and name of all authors and topics. One query for a request."""
    found: dict[str, list[tuple[str, str]]] | None = getattr(request, "desk_choices", None)
    if found is None:
        found = {"author": [], "topic": []}
        parts = ((Author, "author", Cast("pk", CharField())), (Tag, "topic", F("slug")))
        authors, topics = (
            model._default_manager.order_by()
            .annotate(desk_kind=Value(kind), desk_key=key)
            .values_list("desk_kind", "desk_key", "name")
            for model, kind, key in parts
        )
        for kind, key, name in authors.union(topics, all=True).order_by("name"):
            found[kind].append((key, name))
        request.desk_choices = found  # type: ignore[attr-defined]  # for the other filter
    return found


class AuthorFilter(admin.SimpleListFilter):
    title = "author"
    parameter_name = "author"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return _choices(request)["author"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(author=int(value)) if _is_key(value) else queryset.none()


class TopicFilter(admin.SimpleListFilter):
    title = "topic"
    parameter_name = "topic"
    NONE = "-"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.NONE, "No topic"), *_choices(request)["topic"]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        if not self.value():
            return queryset
        if self.value() == self.NONE:
            return queryset.filter(tags=None)
        return queryset.filter(tags__slug=self.value())


class ChecksFilter(admin.SimpleListFilter):
    """By what the checks found when they last looked; what is withdrawn has no result."""

    title = "checks"
    parameter_name = "checks"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("fix", "Something to fix"), ("look", "Something to look at"), ("passed", "Passed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        found = {
            "fix": Q(check_result__errors__gt=0),
            "look": Q(check_result__errors=0, check_result__warnings__gt=0),
            "passed": Q(check_result__errors=0, check_result__warnings=0),
        }.get(self.value() or "")
        return queryset.filter(found, withdrawn_at=None) if found else queryset


def _is_key(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) < 18


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
        Column("Topics", lambda post: ", ".join(tag.name for tag in post.tags.all())),
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
            waits = _revisions_that_wait().filter(object_id=OuterRef("pk"))
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
        return format_html('<span class="{}"></span>', "row-cover row-cover--none")

    def _facts(self, post: Any) -> SafeString:
        topics = [tag.name for tag in post.tags.all()]
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
