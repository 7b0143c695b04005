"""`{% capture title %}…{% endcapture %}`: renders a part once, to use it in several places."""

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


class Capture(template.Node):
    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        # The text is rendered, so it is escaped already.
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308  (see above)
        return mark_safe("")


@register.tag
def capture(parser: Parser, token: Token) -> Capture:
    """Store the rendered content in a variable; output nothing here."""
    try:
        _, name = token.split_contents()
    except ValueError as error:
        raise template.TemplateSyntaxError("capture takes one name") from error
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return Capture(name, nodelist)
