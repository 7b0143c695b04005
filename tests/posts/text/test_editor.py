"""CKEditor is not trusted: known vulnerabilities are closed, and every way of saving cleans.

The rows of the table in posts/text/editor.py, and what its pages are allowed to run.
"""

import json
import re
from html import unescape
from pathlib import Path

import ckeditor
import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.db.models import Value
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from newsletter.models import Issue
from posts.models import Post
from posts.text.editor import CONFIG, EditorWidget, HTMLFormField
from tests.factories import make_author, make_editor, make_issue, make_post

SHIPPED = Path(ckeditor.__file__).parent / "static/ckeditor/ckeditor"
UNCLEAN = '<p onclick="x()">kept</p><script>alert(1)</script>'
CLEANED = "<p>kept</p>"


def config(*, short: bool = False) -> dict[str, object]:
    """The configuration as CKEditor gets it."""
    page = EditorWidget(short=short).render("body", "", {"id": "id_body"})
    found = re.search(r'data-config="([^"]*)"', page)
    assert found
    loaded: dict[str, object] = json.loads(unescape(found[1]))
    return loaded


def removed_plugins() -> set[str]:
    return set(str(config()["removePlugins"]).split(","))


# CVE-2024-24815: parsing of CDATA, and the way round the filter


@pytest.mark.parametrize("short", [False, True])
def test_the_editor_does_not_edit_whole_documents(short: bool) -> None:
    assert config(short=short)["fullPage"] is False


@pytest.mark.parametrize("short", [False, True])
def test_the_editor_rules_allow_no_script_style_or_handler(short: bool) -> None:
    rules = str(config(short=short)["allowedContent"])
    elements = {re.split(r"[\[({]", rule)[0].strip() for rule in rules.split(";")}
    assert not elements & {"script", "style", "iframe", "object", "embed", "svg", "math", "*"}
    assert not re.search(r"\bon\w+|style|[{*]", re.sub(r"\([^)]*\)", "", rules))


def test_the_widget_renders_only_cleaned_html() -> None:
    # A form with errors sends back the input of the request, which may be anybody's.
    page = EditorWidget().render("body", f"{UNCLEAN}<![CDATA[<script>alert(1)</script>]]>", {})
    text = unescape(page.split(">", 2)[2])
    assert "kept" in text
    assert "<script" not in text
    assert "onclick" not in text


# CVE-2024-24816 and CVE-2023-4771: the samples, and the preview


def test_the_package_ships_no_samples() -> None:
    assert (SHIPPED / "ckeditor.js").is_file()
    assert not [path for path in SHIPPED.rglob("*") if "samples" in path.parts]


def test_the_preview_and_print_plugins_are_removed() -> None:
    assert {"preview", "print"} <= removed_plugins()


# CVE-2024-43407: GeSHi


def test_the_code_snippet_plugins_are_removed() -> None:
    assert {"codesnippet", "codesnippetgeshi"} <= removed_plugins()


# CVE-2024-43411: the version check


def test_the_version_check_is_off() -> None:
    assert config()["versionCheck"] is False
    assert django_settings.SECURE_CSP_EDITOR["connect-src"] == ["'self'"]


# The package's uploader


def modules(patterns: list[URLPattern | URLResolver]) -> set[str]:
    """The packages of all the views that have an address."""
    found = set()
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found |= modules(pattern.url_patterns)
        else:
            found.add(pattern.callback.__module__.partition(".")[0])
    return found


def test_the_uploader_of_the_package_has_no_route() -> None:
    routed = modules(get_resolver().url_patterns)
    assert "posts" in routed
    assert not [name for name in routed if name.startswith("ckeditor")]
    assert "ckeditor_uploader" not in django_settings.INSTALLED_APPS


def test_uploads_use_our_view_and_server_browsing_is_off() -> None:
    loaded = config()
    assert loaded["filebrowserBrowseUrl"] == ""
    assert loaded["filebrowserImageBrowseUrl"] == ""
    for name in ("filebrowserUploadUrl", "filebrowserImageUploadUrl", "imageUploadUrl"):
        assert loaded[name] == "/desk/upload/"


def test_the_editor_of_an_introduction_has_no_upload() -> None:
    loaded = config(short=True)
    assert not [name for name in loaded if name.endswith("UploadUrl")]
    assert "uploadimage" not in str(loaded["extraPlugins"])


def test_the_rules_are_separated_by_semicolons() -> None:
    # With spaces alone, CKEditor hides some buttons.
    assert str(config()["allowedContent"]).count("; ") > 20


def test_the_widget_is_a_block_without_inline_style() -> None:
    page = EditorWidget().render("body", "", {"id": "id_body"})
    assert '<div class="editor"' in page
    assert "style=" not in page


def test_our_script_is_loaded_after_ckeditor() -> None:
    scripts = re.findall(r'src="([^"]*)"', str(EditorWidget().media))
    assert scripts.index("/static/js/editor.js") > scripts.index(
        "/static/ckeditor/ckeditor/ckeditor.js"
    )


def test_the_editor_uses_the_style_sheets_of_the_articles() -> None:
    sheets = config()["contentsCss"]
    assert isinstance(sheets, list)
    for sheet in sheets:
        assert (django_settings.BASE_DIR / sheet.lstrip("/")).is_file()


@pytest.mark.django_db  # Some checks ask the database what it can do.
def test_only_the_warning_of_the_package_is_silenced() -> None:
    assert "ckeditor.W001" in django_settings.SILENCED_SYSTEM_CHECKS
    assert [check.id for check in run_checks() if not check.is_silenced()] == []


def test_rendering_an_editor_does_not_change_the_shared_configuration() -> None:
    before = dict(CONFIG)
    config(short=True)
    config()
    assert before == CONFIG


# The field cleans for every way of saving


@pytest.mark.django_db
def test_saving_cleans() -> None:
    post = make_post(body=UNCLEAN)
    assert Post.objects.get(pk=post.pk).body == CLEANED


@pytest.mark.django_db
def test_saving_one_field_cleans() -> None:
    post = Post.objects.get(pk=make_post().pk)
    post.body = UNCLEAN
    post.save(update_fields=["body"])
    assert Post.objects.get().body == CLEANED


@pytest.mark.django_db
def test_creating_in_bulk_cleans() -> None:
    Post.objects.bulk_create(
        [Post(title="A", slug="a", summary="A.", body=UNCLEAN, author=make_author())]
    )
    assert Post.objects.get().body == CLEANED


@pytest.mark.django_db
def test_updating_in_bulk_cleans() -> None:
    for _ in range(2):
        make_post()
    posts = list(Post.objects.all())
    for post in posts:
        post.body = UNCLEAN
    Post.objects.bulk_update(posts, ["body"])
    assert set(Post.objects.values_list("body", flat=True)) == {CLEANED}


@pytest.mark.django_db
def test_updating_a_queryset_cleans() -> None:
    make_post()
    Post.objects.update(body=UNCLEAN)
    assert Post.objects.get().body == CLEANED


@pytest.mark.django_db
def test_update_or_create_cleans() -> None:
    post = make_post()
    Post.objects.update_or_create(slug=post.slug, defaults={"body": UNCLEAN})
    assert Post.objects.get().body == CLEANED


@pytest.mark.django_db
def test_a_value_expression_with_the_field_as_output_is_cleaned() -> None:
    make_post()
    Post.objects.update(body=Value(UNCLEAN, output_field=Post._meta.get_field("body")))
    assert Post.objects.get().body == CLEANED


@pytest.mark.django_db
def test_an_issues_introduction_is_cleaned_by_the_short_list() -> None:
    issue = make_issue(intro='<p>Hi<img src="/a.png" alt="a"></p><script>x</script>')
    issue.refresh_from_db()
    assert issue.intro == "<p>Hi</p>"
    Issue.objects.update(intro="<table><tr><td>a</td></tr></table>")
    assert Issue.objects.get().intro == "<p>a</p>"


def test_a_text_that_is_empty_after_cleaning_is_required_again() -> None:
    field = HTMLFormField(required=True)
    with pytest.raises(Exception, match="required"):
        field.clean("<script>alert(1)</script><p>&nbsp;</p>")


# Content policies; tests/alarmroom/test_policies.py checks every page


def policy(client: Client, url: str) -> dict[str, str]:
    header = client.get(url).headers["Content-Security-Policy"]
    return {
        name: values
        for name, _, values in (directive.strip().partition(" ") for directive in header.split(";"))
    }


@pytest.mark.django_db
def test_a_form_with_errors_still_has_the_policy_of_the_editor() -> None:
    client = Client()
    client.force_login(make_editor())
    response = client.post("/admin/posts/post/add/", {"title": ""})
    assert response.status_code == 200
    assert "script-src-attr 'unsafe-inline'" in response.headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_a_view_only_account_gets_no_editor_and_the_strict_policy() -> None:
    post = make_post()
    client = Client()
    client.force_login(make_editor("posts.view_post"))
    url = f"/admin/posts/post/{post.pk}/change/"
    assert "unsafe" not in " ".join(policy(client, url).values())
    assert "ckeditor" not in client.get(url).content.decode()
