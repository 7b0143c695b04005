"""Slugs made from titles."""

import pytest

from alarmroom.slugs import slug_of
from posts.models import Post, Tag
from tests.factories import make_post, make_tag

TITLES = [
    ("The Twelfth Hour", "the-twelfth-hour"),
    ("2024–2026 plan", "2024-2026-plan"),
    ("Day—night", "day-night"),
    ("non\u2011breaking", "non-breaking"),
    ("24/7", "24-7"),
    ("either⁄or", "either-or"),
    ("§ 4.2", "4-2"),
    ("3½", "3-1-2"),
    ("3 1/2", "3-1-2"),
    ("½ hour", "1-2-hour"),
    ("from 9:30", "from-9-30"),
    ("2×12", "2-12"),
    ("wait…what", "wait-what"),
    ("Øresund", "oresund"),
    ("Łódź", "lodz"),
    ("Đorđe", "dorde"),
    ("Ħal Għaxaq", "hal-ghaxaq"),
    ("Ɓambara", "bambara"),
    ("Seyðisfjörður", "seydisfjordur"),
    ("Þingvellir", "thingvellir"),
    ("Straße", "strasse"),
    ("Ærø, œuvre", "aero-oeuvre"),
    ("Diyarbakır", "diyarbakir"),
    ("Zoë’s café", "zoes-cafe"),
    ("dis\u00adpatch\u200b", "dispatch"),
    ("U.S. policy, e.g. Q&A", "us-policy-eg-qa"),
    ("1,000 calls", "1000-calls"),
    ("snake_case -- and --", "snake_case-and"),
    ("/–…", ""),
    ("пожар", ""),
]


@pytest.mark.parametrize(("title", "slug"), TITLES)
def test_the_slug_of_a_title(title: str, slug: str) -> None:
    assert slug_of(title) == slug


@pytest.mark.django_db
def test_a_new_row_gets_a_slug_and_saving_keeps_an_existing_one() -> None:
    made = make_post(title="2024–2026 plan")
    assert Post.objects.get(pk=made.pk).slug == "2024-2026-plan"
    assert Tag.objects.get(pk=make_tag("24/7").pk).slug == "24-7"
    old = Post.objects.get(pk=make_post(title="§ 4.2", slug="42").pk)
    old.summary = "Another one."
    old.save()
    assert Post.objects.get(pk=old.pk).slug == "42"
