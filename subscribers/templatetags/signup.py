"""`{% load signup %}{% signup_box %}`: the sign-up box, on any public page."""

from typing import Any

from django import template
from django.template.context import RequestContext

from subscribers import wording
from subscribers.forms import SignUpForm
from subscribers.models import Resource

register = template.Library()


@register.inclusion_tag("subscribers/_signup.html", takes_context=True)
def signup_box(
    context: RequestContext, form: SignUpForm | None = None, heading: int = 2
) -> dict[str, Any]:
    """Return what the box shows: the form, the words of consent and the free resources.

    `form` is a form that came back with errors; `heading` is the level of the title.
    One query. Nothing in it depends on the visitor, so any cache may keep the page.
    """
    request = context.get("request")
    if form is None:
        form = SignUpForm(
            initial={
                "source": request.path if request else "",
                "wording": wording.CURRENT,
            }
        )
    return {
        "form": form,
        "heading": heading,
        "consent": wording.shown(str(form["wording"].value() or "")),
        "resources": Resource.objects.all(),
        "NEWSLETTER_NAME": context.get("NEWSLETTER_NAME", "The Weekly Alarm"),
    }
