"""Where an issue shows which of its articles: a lead, a pair, and the rest as numbered text."""

import re
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image as Pillow
from pytest_django import Settings

from newsletter.mail import rendering as mail
from newsletter.mail.articles import short
from newsletter.models import Issue
from posts.models import Post
from posts.models.image import Image
from posts.pictures.renditions import rendition
from tests.factories import make_image, make_issue, make_post, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("example_org")]


class Parts(HTMLParser):
    """The pictures, the titles of articles, and the links, each in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pictures: list[dict[str, str]] = []
        self.links: list[str] = []
        self.titles: list[str] = []
        self.in_title = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.pictures.append(found)
        elif tag == "a":
            self.links.append(found["href"])
        elif tag == "h2":
            self.in_title = True
            self.titles.append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_title &= tag != "h2"

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.titles[-1] += data


def illustrated(count: int, **fields: object) -> list[Post]:
    return [
        make_post(
            title=f"Number {n}", cover=make_image(1600, 900), cover_alt=f"Picture {n}", **fields
        )
        for n in range(1, count + 1)
    ]


def parts(issue: Issue) -> Parts:
    return Parts(mail.render(issue).html)


@pytest.mark.parametrize(
    ("count", "widths"),
    [
        (1, ["552"]),
        (2, ["552", "264"]),
        (3, ["552", "264", "264"]),
        (4, ["552", "264", "264"]),
        (8, ["552", "264", "264"]),
    ],
)
def test_the_first_leads_two_share_a_row_and_the_rest_is_text(
    count: int, widths: list[str]
) -> None:
    found = parts(make_issue(posts=illustrated(count)))
    assert [picture["width"] for picture in found.pictures[1:]] == widths
    assert found.titles == [f"Number {n}" for n in range(1, count + 1)] + ["Pass it on"]


def test_from_four_articles_up_the_issue_begins_with_its_contents() -> None:
    posts = illustrated(4)
    three, four = make_issue(posts=posts[:3]), make_issue(posts=posts)
    assert "In this issue" not in mail.render(three).html
    rendered = mail.render(four)
    contents = rendered.html.partition("In this issue")[2].partition("<img")[0]
    # A link within a mail leads nowhere in several programs, so these lead to the site.
    assert Parts(contents).links[:4] == [
        f"https://www.example.org{post.get_absolute_url()}" for post in posts
    ]
    assert 'href="#' not in rendered.html


def test_of_two_in_a_row_both_have_a_picture_or_neither() -> None:
    posts = illustrated(3)
    posts[2].cover = None
    posts[2].save()
    issue = make_issue(posts=posts)
    assert [one["alt"] for one in parts(issue).pictures[1:]] == ["Picture 1"]
    assert mail.render(issue).web_html.count("<img") == 2, "the web edition shows both"


def test_an_issue_without_pictures_has_all_its_words() -> None:
    posts = [make_post(title=f"Number {n}", summary=f"Summary {n}.") for n in range(1, 6)]
    found = mail.render(make_issue(posts=posts))
    assert len(Parts(found.html).pictures) == 1, "the wordmark alone"
    for n in range(1, 6):
        assert f"Number {n}" in found.html and f"Summary {n}." in found.html


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("The Chair Is the Career: Running a Center", "The Chair Is the Career"),
        ("911: what it costs", "911: what it costs"),
        ("At 12:30 the second radio falls silent", "At 12:30 the second radio falls silent"),
        ("No colon at all", "No colon at all"),
        (": begins with one", ": begins with one"),
        ("It ends with one:", "It ends with one:"),
    ],
)
def test_titles_after_the_first_stop_at_their_colon(title: str, shown: str) -> None:
    assert short(title) == shown
    lead, other = make_post(title=f"{title} A".strip()), make_post(title=title)
    rendered = mail.render(make_issue(posts=[lead, other]))
    assert Parts(rendered.html).titles[:2] == [" ".join(lead.title.split()), shown]
    assert f"2. {title.strip()}" in rendered.text, "the text part has room for the whole title"


def test_topics_stand_in_both_parts() -> None:
    issue = make_issue(posts=[make_post(tags=[make_tag("Night shifts & <b>sleep</b>")])])
    rendered = mail.render(issue)
    assert "Night shifts &amp; &lt;b&gt;sleep&lt;/b&gt;" in rendered.html
    assert "Night shifts & <b>sleep</b> · " in rendered.text


def test_another_topic_makes_it_another_issue() -> None:
    issue = make_issue(posts=[make_post(tags=[make_tag("Before")])])
    before = mail.source(issue)
    assert mail.source(issue) == before
    issue.posts.get().tags.set([make_tag("After")])
    assert mail.source(issue) != before


def test_a_high_cover_is_cut_around_its_focal_point(settings: Settings) -> None:
    out = BytesIO()
    picture = Pillow.new("RGB", (1200, 2400), "#101010")
    picture.paste("#e0e0e0", (0, 0, 1200, 900))
    picture.save(out, "PNG")
    image = make_image()
    (settings.MEDIA_ROOT / image.file.name).write_bytes(out.getvalue())
    Image.objects.filter(pk=image.pk).update(width=1200, height=2400, focal_x=50, focal_y=0)
    image = Image.objects.get(pk=image.pk)
    issue = make_issue(posts=[make_post(cover=image, cover_alt="A tower")])
    [_, lead] = parts(issue).pictures
    assert lead["width"] == "552"
    file = settings.MEDIA_ROOT / lead["src"].partition("/media/")[2]
    with Pillow.open(file) as cut:
        assert cut.size == (1104, 828)
        assert cut.convert("L").getextrema()[0] > 128, "the focal point is at the top"
    # Another focal point is another address: what was sent keeps its picture.
    image.focal_y = 100
    assert rendition(image, 1104, 4 / 3).url not in lead["src"]
    assert file.exists()


@pytest.mark.parametrize("size", [(2, 2_000), (2_000, 2), (1, 1), (100, 80)])
def test_pictures_of_any_shape_can_be_sent(size: tuple[int, int]) -> None:
    posts = [make_post(cover=make_image(*size), cover_alt="x") for _ in range(3)]
    _, *pictures = parts(make_issue(posts=posts)).pictures
    for picture, room in zip(pictures, (552, 264, 264), strict=True):
        assert 1 <= int(picture["width"]) <= min(room, size[0])


def test_a_picture_that_is_gone_is_said_before_sending(settings: Settings) -> None:
    posts = illustrated(5)
    (settings.MEDIA_ROOT / posts[4].cover.file.name).unlink()
    with pytest.raises(mail.RenderError, match="cover of “Number 5” is missing"):
        mail.render(make_issue(posts=posts))


def test_a_normal_issue_is_below_60_000_bytes() -> None:
    posts = illustrated(8, summary="What a good trainer does in the first ninety days. " * 4)
    rows = '<tr><th scope="row">A name of a row</th><td>12 %</td></tr>' * 8
    figure = f'<table class="figures"><caption>What it shows</caption>{rows}</table>'
    words = "<p>One sentence after another, of this week.</p>" * 6
    issue = make_issue(posts=posts, intro=words + figure)
    rendered = mail.render(issue)
    assert mail.preview(issue, rendered).html_size < 60_000
    assert rendered.warnings == [
        "The issue has no preheader: mail programs will show its masthead instead."
    ]


def test_twenty_five_articles_fit_and_a_hundred_are_refused() -> None:
    posts = [make_post(title=f"{'A long title ' * 14}{n}", summary="w " * 120) for n in range(25)]
    issue = make_issue(posts=posts)
    rendered = mail.render(issue)
    assert mail.preview(issue, rendered).html_size < 102_000
    many = make_issue(posts=[make_post(summary="w " * 120) for _ in range(100)])
    with pytest.raises(mail.RenderError, match="too long"):
        mail.render(many)


def test_the_pictures_of_a_pair_have_one_shape(settings: Settings) -> None:
    covers = [make_image(1600, 900), make_image(1600, 1600), make_image(900, 1600)]
    posts = [make_post(cover=cover, cover_alt="x") for cover in covers]
    _, _, *pair = parts(make_issue(posts=posts)).pictures
    for picture in pair:
        with Pillow.open(settings.MEDIA_ROOT / picture["src"].partition("/media/")[2]) as copy:
            assert copy.size == (528, 297)


def test_a_publication_of_another_name_has_its_name_as_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from alarmroom.facts import Facts

    monkeypatch.setattr("alarmroom.mail.facts", lambda: Facts(name="The Quiet Room"))
    html = mail.render(make_issue(posts=[make_post()])).html
    assert Parts(html).pictures == []
    assert re.search(r">\s*The Quiet Room\s*</td>", html)
