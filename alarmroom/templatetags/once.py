"""`{% once "pages" "footer" %}…{% endonce %}`: renders a part once per process."""

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

from alarmroom import kept

register = template.Library()


class OnceNode(Node):
    def __init__(self, nodes: NodeList, key: FilterExpression, part: FilterExpression) -> None:
        self.nodelist = nodes
        self.key = key
        self.part = part

    def render(self, context: Context) -> SafeString:
        key, part = str(self.key.resolve(context)), str(self.part.resolve(context))
        return kept.remember(key, lambda: self.nodelist.render(context), part=part)


@register.tag
def once(parser: Parser, token: Token) -> OnceNode:
    """Render the content once and keep it until the key is dropped (alarmroom/kept/).

    Only for content that is the same on every page and for every visitor. `part` distinguishes
    several contents with the same key: content that has variants needs a part for each of them.
    """
    try:
        _, key, part = token.split_contents()
    except ValueError:
        raise template.TemplateSyntaxError("once takes a key and the name of a part") from None
    nodes = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodes, parser.compile_filter(key), parser.compile_filter(part))
