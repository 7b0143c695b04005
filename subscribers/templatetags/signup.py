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
# Stands in the remembered box where each page's own path goes; nothing else is like it.
SOURCE = "{the path of this page}"


@register.simple_tag(takes_context=True)
def signup_box(
    context: RequestContext, form: SignUpForm | None = None, heading: int = 2
) -> SafeString:
    """Return the box: the form, the words of consent and the free resources.

    `form` is a form that came back with errors; `heading` is the level of the title. Nothing
    in it depends on the visitor, so any cache may keep the page; and nothing but the path
    depends on the page, so a process renders it once, until the resources change. At most
    one query.
    """
    name = str(context.get("NEWSLETTER_NAME", "The Weekly Alarm"))
    if form is not None:
        return _box(form, heading, name)

    def empty() -> SafeString:
        form = SignUpForm(initial={"source": SOURCE, "wording": wording.CURRENT})
        return _box(form, heading, name)

    box = kept.remember("resources", empty, part=f"box-{heading}")
    request = context.get("request")
    return mark_safe(box.replace(SOURCE, escape(request.path) if request else ""))  # noqa: S308  (a rendered box, and an escaped path)


def _box(form: SignUpForm, heading: int, name: str) -> SafeString:
    return render_to_string(
        "subscribers/_signup.html",
        {
            "form": form,
            "heading": heading,
            "consent": wording.shown(str(form["wording"].value() or "")),
            "resources": Resource.objects.all(),
            "NEWSLETTER_NAME": name,
        },
    )
