"""Old addresses. Each one redirects straight to the present address."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from alarmroom.desk.binnable import GoesAlong, Said
from alarmroom.slugs import free_slug

# Paths that are not in our URL patterns: files, and the mailbox of `make run`.
NEVER_OURS = frozenset({"static", "media", "dev"})
# A browser keeps a redirect for ever unless it is told. An editor may want the address back,
# and two that are kept would lead to each other.
REDIRECT_CACHE_CONTROL = "no-cache"
# The models that keep their former slugs, as FormerSlug's fields are called.
KINDS = ("post", "tag", "author", "page")


def _is(kind: str, yes: bool = True) -> models.Q:
    return models.Q(**{f"{kind}__isnull": not yes})


def _only(kind: str) -> models.Q:
    """A former slug that belongs to one thing of this kind, and to nothing else."""
    return models.Q(*(_is(other, other == kind) for other in KINDS))


@lru_cache(maxsize=10_000)
def address(view: str, slug: str) -> str:
    """Return the path of a view with a slug. Cached: a page has twenty, and reverse() is slow."""
    return reverse(view, args=[slug])


class FormerSlug(GoesAlong):
    """A slug that one article, topic, author or page had before.

    A live slug always wins over it: views look here only when they found nothing. It points
    to the thing and not to another slug, so there is never more than one redirect.
    """

    slug = models.SlugField(max_length=200)
    post = models.ForeignKey(
        "posts.Post", models.CASCADE, null=True, blank=True, related_name="former_slugs"
    )
    tag = models.ForeignKey(
        "posts.Tag", models.CASCADE, null=True, blank=True, related_name="former_slugs"
    )
    author = models.ForeignKey(
        "posts.Author", models.CASCADE, null=True, blank=True, related_name="former_slugs"
    )
    page = models.ForeignKey(
        "posts.Page", models.CASCADE, null=True, blank=True, related_name="former_slugs"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "old address"
        verbose_name_plural = "old addresses"
        ordering = ["-changed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="former_slug_of_one_thing",
                condition=models.Q(*(_only(kind) for kind in KINDS), _connector=models.Q.OR),
            ),
            *(
                models.UniqueConstraint(
                    fields=["slug"], condition=_is(kind), name=f"former_{kind}_slug_once"
                )
                for kind in KINDS
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def thing(self) -> Any:
        """The article, topic, author or page."""
        return self.post or self.tag or self.author or self.page

    def said_in_bin(self, thing: models.Model) -> Said:
        return Said(f"Its old address “{self.slug}” leads nowhere until it is back.")


class SluggedQuerySet[Thing: models.Model](models.QuerySet[Thing]):
    def update(self, **kwargs: Any) -> int:
        if "slug" in kwargs:
            raise TypeError("Save each one: update() would leave its old address dead.")
        return super().update(**kwargs)

    def known_as(self, slug: str) -> Self:
        """What has this slug, and what had it before.

        Two looks into an index, put together as primary keys: with OR between them, a database
        would rather read every row.
        """
        model: type[Any] = self.model
        now = model._base_manager.filter(slug=slug).order_by().values("pk")
        before = FormerSlug.objects.filter(_is(model.kind()), slug=slug).order_by()
        return self.filter(pk__in=now.union(before.values(model.kind()), all=True))


class Slugged(models.Model):
    """Something with an address of its own, which still leads to it after it has changed."""

    class Meta:
        abstract = True

    # The fields that say whether readers may know its address, besides the slug.
    SEEN_BY: tuple[str, ...] = ()

    slug: models.SlugField[Any, Any]
    former_slugs: Any

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        keeps_slug = (
            "slug" in self.get_deferred_fields() if fields is None else "slug" not in fields
        )
        if self.pk is None or keeps_slug:
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            row: models.QuerySet[Any] = type(self)._base_manager.filter(pk=self.pk)
            before = row.select_for_update().only("slug", *self.SEEN_BY).first()
            super().save(*args, **kwargs)
            if before and before.slug != self.slug:
                self.former_slugs.filter(slug=self.slug).delete()
                self.take_over(before.slug, from_others=before.was_seen or self.was_seen)

    @property
    def was_seen(self) -> bool:
        """Whether readers may know its address."""
        return True

    @classmethod
    def kind(cls) -> str:
        """Return the name of this model's field in FormerSlug."""
        return cls._meta.model_name or ""

    def make_slug(self, text: str) -> str:
        """Return a slug from the text that leads, and led, to no other thing of this kind."""
        return free_slug(self, text, avoid=self.slugs_to_avoid())

    def find_address(self) -> list[str]:
        """Take a free slug if another thing has this one by now; return a sentence that says so."""
        former = self.slug
        rows: Any = type(self)._base_manager
        if not rows.filter(slug=former).exclude(pk=self.pk).exists():
            return []
        self.slug = self.make_slug(former)
        return [f"Something else has its address “{former}” by now. It has “{self.slug}” instead."]

    def slugs_to_avoid(self) -> set[str]:
        others = FormerSlug.objects.filter(_is(self.kind()))
        if self.pk:
            others = others.exclude(**{self.kind(): self.pk})
        return set(others.values_list("slug", flat=True))

    def take_over(self, former: str, *, from_others: bool = True) -> None:
        """Let this slug, which is nobody's now, lead here.

        Whomever it led to before, if also `from_others`: a draft takes no address away.
        """
        known = FormerSlug.objects.filter(_is(self.kind()))
        only_this = dict.fromkeys(KINDS) | {self.kind(): self}
        if from_others:
            known.update_or_create(slug=former, defaults=only_this)
        else:
            known.get_or_create(slug=former, defaults=only_this)


def moved(request: HttpRequest, thing: Slugged) -> HttpResponsePermanentRedirect:
    """Return the redirect to this very view of the thing, with the query that was asked.

    The target is made from our own list of addresses; the request only adds its query.
    """
    match = request.resolver_match
    if match is None:
        raise Http404
    url = reverse(match.view_name, kwargs={**match.kwargs, "slug": thing.slug})
    if query := request.META.get("QUERY_STRING", ""):
        url = f"{url}?{query}"
    response = HttpResponsePermanentRedirect(url)
    response["Cache-Control"] = REDIRECT_CACHE_CONTROL
    return response


def find_or_moved[Thing: Slugged](
    request: HttpRequest, things: SluggedQuerySet[Thing], slug: str
) -> Thing | HttpResponsePermanentRedirect:
    """Return the thing of this slug, or the redirect from its former one; Http404 otherwise.

    One query.
    """
    found = list(things.known_as(slug))
    for thing in found:
        if thing.slug == slug:
            return thing
    for thing in found:
        return moved(request, thing)
    raise Http404


def first_segments(patterns: Iterable[URLPattern | URLResolver] | None = None) -> set[str]:
    """Return what the fixed addresses of the site begin with: "articles", "admin" and so on."""
    found = set()
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        first = str(pattern.pattern).lstrip("^").partition("/")[0]
        if first:
            found.add(first)
        elif isinstance(pattern, URLResolver):
            found |= first_segments(pattern.url_patterns)
    return {first for first in found if first.replace("-", "").isalnum()}


def reserved_slugs() -> set[str]:
    """Return the slugs that no page may have, for something else answers there."""
    return first_segments() | NEVER_OURS


def not_reserved(slug: str) -> None:
    """Refuse a page's slug at which something else answers already."""
    if slug in reserved_slugs():
        raise ValidationError(
            f"/{slug}/ is an address of the site itself. Choose another one, such as "
            f"“about-{slug}”.",
            code="reserved",
        )
