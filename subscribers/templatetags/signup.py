"""`{% load signup %}`: the sign-up box, on any public page, and its form alone."""

from collections.abc import Callable

from django import template
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from alarmroom import kept
from subscribers import wording
from subscribers.forms import SignUpForm
from subscribers.models import Resource

register = template.Library()
# A placeholder in the cached box, which is replaced by each page's own path.
SOURCE = "{the path of this page}"


@register.simple_tag(takes_context=True)
def signup_box(
    context: RequestContext,
    form: SignUpForm | None = None,
    heading: int = 2,
    *,
    short: bool = False,
) -> SafeString:
    """Return the box: the form, the consent text and the free resources.

    `form` is a form with errors to show; `heading` is the level of the title; `short` is the box
    among articles, without the resources. Nothing in the box depends on the visitor, so any cache
    may store the page. Only the path depends on the page, so a process renders the box once and
    keeps it until the resources change. At most one query.
    """
    name = str(context.get("NEWSLETTER_NAME", "The Weekly Alarm"))
    if form is not None:
        return _box(form, heading, name, short=short)

    part = "box-short" if short else f"box-{heading}"
    return _empty(context, lambda form: _box(form, heading, name, short=short), part)


@register.simple_tag(takes_context=True)
def signup_form(context: RequestContext, form: SignUpForm | None = None) -> SafeString:
    """Return the form and the consent text, for a page that is about subscribing. No query."""
    return _empty(context, _form, "form") if form is None else _form(form)


def _empty(
    context: RequestContext, rendered: Callable[[SignUpForm], SafeString], part: str
) -> SafeString:
    """Return what is rendered of an empty form, with the path of this page."""

    def render() -> SafeString:
        return rendered(SignUpForm(initial={"source": SOURCE, "wording": wording.current()[0]}))

    html = kept.remember("resources", render, part=part)
    request = context.get("request")
    return mark_safe(html.replace(SOURCE, escape(request.path) if request else ""))  # noqa: S308  (rendered, and an escaped path)


def _form(form: SignUpForm) -> SafeString:
    consent = wording.text_of(str(form["wording"].value() or ""))
    return render_to_string("subscribers/_signup_form.html", {"form": form, "consent": consent})


def _box(form: SignUpForm, heading: int, name: str, *, short: bool) -> SafeString:
    return render_to_string(
        "subscribers/_signup_short.html" if short else "subscribers/_signup.html",
        {
            "form": form,
            "heading": heading,
            "consent": wording.text_of(str(form["wording"].value() or "")),
            "resources": () if short else Resource.objects.all(),
            "NEWSLETTER_NAME": name,
        },
    )
