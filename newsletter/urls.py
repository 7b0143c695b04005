from django.urls import path, register_converter

from newsletter import views, webhook
from newsletter.admin import article_as_item
from newsletter.clicks import redirecting


class Number:
    """An issue's number in an address, without leading zeros, so that each has one address."""

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(Number, "issue_number")

app_name = "newsletter"
urlpatterns = [
    path("weekly-alarm/", views.archive, name="archive"),
    path("weekly-alarm/<issue_number:number>/", views.issue, name="issue"),
    path("c/<issue_number:issue>/<issue_number:number>/", redirecting.follow, name="click-cut"),
    path(
        "c/<issue_number:issue>/<issue_number:number>/<path:token>",
        redirecting.follow,
        name="click",
    ),
    path("feedback/<str:service>/", webhook.webhook, name="webhook"),
    path("preview/new/issue/", article_as_item.preview, name="preview-item-new"),
    path("preview/<int:pk>/issue/", article_as_item.preview, name="preview-item"),
]
