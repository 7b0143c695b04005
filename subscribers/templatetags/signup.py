"""`{% load signup %}{% signup_box %}`: the sign-up box, on any public page."""

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

    def empty() -> SafeString:
        form = SignUpForm(initial={"source": SOURCE, "wording": wording.current()[0]})
        return _box(form, heading, name, short=short)

    box = kept.remember("resources", empty, part="box-short" if short else f"box-{heading}")
    request = context.get("request")
    return mark_safe(box.replace(SOURCE, escape(request.path) if request else ""))  # noqa: S308  (a rendered box, and an escaped path)


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
