"""Whole addresses of pages and files."""

import pytest
from django.test import override_settings

from alarmroom.site_url import absolute_url


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/", "https://www.example.org/"),
        ("/articles/night-shift/", "https://www.example.org/articles/night-shift/"),
        ("/#publisher", "https://www.example.org/#publisher"),
        ("/media/a.b/./c d.jpg", "https://www.example.org/media/a.b/c%20d.jpg"),
        ("/media/caf%C3%A9.jpg", "https://www.example.org/media/caf%C3%A9.jpg"),
        ("/media/café.jpg", "https://www.example.org/media/caf%C3%A9.jpg"),
        ("https://cdn.example.net/a.jpg?v=1", "https://cdn.example.net/a.jpg?v=1"),
        ("//cdn.example.net/a.jpg", "https://cdn.example.net/a.jpg"),
    ],
)
@override_settings(SITE_URL="https://www.example.org")
def test_a_path_becomes_a_whole_address(path: str, url: str) -> None:
    assert absolute_url(path) == url
