"""A picture is cropped, turned and replaced; no link to it breaks, and each step can be undone."""

from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image as Pillow

from alarmroom import kept
from alarmroom.desk import bin
from alarmroom.images import clean_picture, encode
from posts import finishing, revising
from posts.models import FormerFile, Post
from posts.models.image import Image
from posts.revising import Cut, NotRevised
from tests.factories import make_editor, make_image, make_post, picture_file, with_copies
from tests.posts.models.test_library import body_with

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def quarters() -> Image:
    """A picture of four colours: red and green above, blue and white below."""
    picture = Pillow.new("RGB", (80, 40), "white")
    for colour, box in (("red", (0, 0)), ("lime", (40, 0)), ("blue", (0, 20))):
        picture.paste(colour, (*box, box[0] + 40, box[1] + 20))
    return fresh(Image.keep(encode(picture), title="Quarters"))


def fresh(image: Image) -> Image:
    return Image.objects.get(pk=image.pk)


def colour(image: Image, x: float, y: float) -> str:
    """Return which colour is at a point, in shares of the picture's sides."""
    with default_storage.open(str(image.file.name)) as file:
        pixels = Pillow.open(file).convert("RGB")
        red, green, blue = pixels.getpixel((int(pixels.width * x), int(pixels.height * y)))
    near = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 1): "white"}
    return near[(red > 127, green > 127, blue > 127)]


def test_a_part_of_a_picture_is_cut_from_its_original_each_time() -> None:
    image = quarters()
    original = str(image.file.name)
    right = revising.crop(image, Cut(left=50, top=0, width=50, height=100), None)
    assert (right.width, right.height) == (40, 40)
    assert (colour(right, 0.5, 0.2), colour(right, 0.5, 0.8)) == ("green", "white")
    # Wider again: nothing of the original is lost.
    upper = revising.crop(fresh(image), Cut(width=100, height=50), None)
    assert (colour(upper, 0.2, 0.5), colour(upper, 0.8, 0.5)) == ("red", "green")
    assert revising.original_of(upper) == original
    whole = revising.crop(fresh(image), Cut(), None)
    assert str(whole.file.name) == original
    assert revising.cut_of(whole) == Cut()
    assert len(whole.past) == 2


@pytest.mark.parametrize(
    ("turn", "above"), [(90, ("blue", "red")), (180, ("white", "blue")), (270, ("green", "white"))]
)
def test_a_picture_is_turned_by_the_clock(turn: int, above: tuple[str, str]) -> None:
    image = revising.crop(quarters(), Cut(turn=turn), None)
    assert (image.width, image.height) == ((80, 40) if turn == 180 else (40, 80))
    assert (colour(image, 0.25, 0.25), colour(image, 0.75, 0.25)) == above


def test_texts_and_covers_follow_and_no_address_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    image = with_copies(quarters())
    post = make_post(cover=image, cover_alt="x", body=body_with(image))
    before = Post.objects.get(pk=post.pk)
    copy = f"renditions/2/{image.sha256[:24]}-80.jpg"
    assert copy in before.body_html
    dropped: set[str] = set()
    monkeypatch.setattr(kept, "drop", lambda *keys: dropped.update(keys))
    new = revising.take(
        fresh(image), clean_picture(picture_file(300, 200)), did="replaced", by=None
    )
    assert {f"image-{image.pk}", f"article-{post.pk}", "feeds"} <= dropped
    # Readers get the new one at once, by the old address in the text.
    after = Post.objects.get(pk=post.pk)
    assert after.body == before.body
    assert new.file.url in after.body_html
    assert after.cover.file.name == new.file.name
    with_copies(fresh(new))
    finishing.serve_due()
    after = Post.objects.get(pk=post.pk)
    assert f"{new.sha256[:24]}-300.jpg" in after.body_served
    assert default_storage.exists(str(image.file.name))
    assert default_storage.exists(copy)
    assert fresh(new).shown_in() == [post]
    # And back, with the copies that were made before.
    back = revising.go_back(fresh(new), str(image.file.name), None)
    assert back.renditions == image.renditions
    finishing.serve_due()
    assert copy in Post.objects.get(pk=post.pk).body_served


def test_two_people_do_not_overwrite_each_other() -> None:
    image = quarters()
    mine, theirs = fresh(image), fresh(image)
    cut = Cut(width=50)
    first = revising.crop(mine, cut, None)
    # A double click changes nothing more.
    assert revising.crop(theirs, cut, None).file.name == first.file.name
    assert len(fresh(image).past) == 1
    stale = fresh(image)
    revising.crop(fresh(image), Cut(width=30), None)
    count = len(list(default_storage.listdir(str(image.file.name).rpartition("/")[0])[1]))
    with pytest.raises(NotRevised, match="Somebody else changed"):
        revising.crop(stale, Cut(width=40), None)
    assert len(list(default_storage.listdir(str(image.file.name).rpartition("/")[0])[1])) == count


def test_what_the_library_has_already_replaces_no_other_picture() -> None:
    image, source = quarters(), picture_file()
    other = Image.keep(clean_picture(source), title="Console")
    with pytest.raises(NotRevised, match="already, as “Console”"):
        revising.take(image, clean_picture(source), did="replaced", by=None)
    assert default_storage.exists(str(other.file.name))
    assert fresh(image).past == []


def test_a_former_content_is_recognised_and_goes_with_the_bin() -> None:
    source = picture_file(90, 60)
    image = fresh(Image.keep(clean_picture(source)))
    names = {str(image.file.name)}
    names.add(str(revising.crop(image, Cut(width=50), None).file.name))
    assert Image.keep(clean_picture(source)) == image
    entry = bin.move_to_bin(fresh(image), None)
    assert not FormerFile.objects.exists()
    back = bin.restore(entry, None).thing
    assert [row.name for row in FormerFile.objects.all()] == [each["file"] for each in back.past]
    again = fresh(image)
    again.delete()
    again.remove_files()
    assert not any(default_storage.exists(name) for name in names)


# On the desk


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def sent(image: Image, **fields: Any) -> dict[str, Any]:
    whole = {"turn": 0, "left": 0, "top": 0, "width": 100, "height": 100}
    return {"seen": image.file.name, **whole, **fields}


def test_a_picture_is_cropped_replaced_and_put_back_on_its_page(desk: Client) -> None:
    image = quarters()
    url = f"/admin/posts/image/{image.pk}/revise/"
    assert "Crop or turn" in desk.get(url).content.decode()
    page = desk.post(url, sent(image, left=50, width=80), follow=True)
    assert "Texts, covers and lists show the new one" in page.content.decode()
    cropped = fresh(image)
    assert cropped.width == 40
    desk.post(url, {"seen": cropped.file.name, "replace": "", "upload": picture_file(200, 100)})
    replaced = fresh(image)
    assert (replaced.width, replaced.edit) == (200, {})
    page = desk.get(url)
    assert page.content.decode().count("Use this again") == 2
    desk.post(url, {"seen": replaced.file.name, "back": str(image.file.name)})
    assert fresh(image).file.name == image.file.name


def test_a_page_that_is_old_and_wrong_numbers_change_nothing(desk: Client) -> None:
    image = make_image(80, 40)
    url = f"/admin/posts/image/{image.pk}/revise/"
    wrong = [{"turn": 45}, {"left": -1}, {"width": "nan"}, {"width": 0}, {"height": "1e9"}]
    for fields in wrong:
        assert desk.post(url, sent(image, **fields)).status_code == 200, fields
    said = desk.post(url, sent(image, left=99, width=1), follow=True).content.decode()
    assert "Hardly anything would be left" in said
    old = desk.post(url, {**sent(image, width=50), "seen": "images/other.jpg"}, follow=True)
    assert "Somebody else changed this picture" in old.content.decode()
    never = desk.post(url, {"seen": image.file.name, "back": "../settings.py"}, follow=True)
    assert "It never had this file" in never.content.decode()
    image.file.storage.delete(str(image.file.name))
    lost = desk.post(url, sent(image, width=50), follow=True)
    assert "cannot be read" in lost.content.decode()
    assert fresh(image).past == []
