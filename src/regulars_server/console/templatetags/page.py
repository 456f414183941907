"""The head of a page: its title as the first heading, with the page's actions beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.safestring import mark_safe

if TYPE_CHECKING:
    from django.template.base import NodeList, Parser, Token
    from django.template.context import Context

register = template.Library()


class PageNode(template.Node):
    """What stands between the tags, under a heading with the words of the block `title`, unless it brings a first heading of its own."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> str:
        """Head and content."""
        content = self.nodelist.render(context)
        if "<h1" in content:
            return content
        title, actions = _block(context, "title"), _block(context, "actions")
        beside = f'<div class="toolbar">{actions}</div>' if actions else ""
        return mark_safe(f'<div class="page-head"><h1>{title}</h1>{beside}</div>\n{content}')  # noqa: S308 (rendered by the template engine)


def _block(context: Context, name: str) -> str:
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return str(block.render(context)).strip() if block else ""


@register.tag
def page(parser: Parser, token: Token) -> PageNode:
    """`{% page %}{% block content %}{% endblock %}{% endpage %}`."""
    del token
    nodelist = parser.parse(("endpage",))
    parser.delete_first_token()
    return PageNode(nodelist)
