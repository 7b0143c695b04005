"""CKEditor's files: those that a page uses are served, and the others are left out."""

import pytest
from django.contrib.staticfiles import finders

from alarmroom.staticfiles import is_served, needs_plain_name


@pytest.mark.parametrize(
    "path",
    [
        "ckeditor/ckeditor-init.js",
        "ckeditor/ckeditor.css",
        "ckeditor/fixups.js",
        "ckeditor/ckeditor/ckeditor.js",
        "ckeditor/ckeditor/config.js",
        "ckeditor/ckeditor/contents.css",
        "ckeditor/ckeditor/lang/en.js",
        "ckeditor/ckeditor/skins/moono-lisa/editor.css",
        "ckeditor/ckeditor/skins/moono-lisa/images/close.png",
        "ckeditor/ckeditor/plugins/icons.png",
        "ckeditor/ckeditor/plugins/widget/plugin.js",
        "ckeditor/ckeditor/plugins/link/dialogs/link.js",
        "ckeditor/ckeditor/plugins/specialchar/dialogs/lang/en.js",
        "admin/css/base.css",
    ],
)
def test_files_that_pages_use_are_served(path: str) -> None:
    assert is_served(path)
    assert finders.find(path)


@pytest.mark.parametrize(
    "path",
    [
        "ckeditor/galleriffic/js/jquery.galleriffic.js",
        "ckeditor/file-icons/pdf.png",
        "ckeditor/ckeditor/adapters/jquery.js",
        "ckeditor/ckeditor/CHANGES.md",
        "ckeditor/ckeditor/lang/de.js",
        "ckeditor/ckeditor/skins/moono/editor.css",
        "ckeditor/ckeditor/skins/moono-lisa/editor_ie8.css",
        "ckeditor/ckeditor/plugins/codesnippet/plugin.js",
        "ckeditor/ckeditor/plugins/preview/preview.html",
        "ckeditor/ckeditor/plugins/link/lang/de.js",
        "ckeditor/ckeditor/plugins/specialchar/dialogs/lang/de.js",
        "django_otp_webauthn/otp_webauthn_auth.js",
    ],
)
def test_unused_files_are_left_out(path: str) -> None:
    assert not is_served(path)
    assert finders.find(path) is None


def test_fewer_than_500_files_are_collected() -> None:
    collected = [path for finder in finders.get_finders() for path, _ in finder.list([])]
    assert len(collected) < 500


def test_only_the_loader_of_the_editor_has_a_hashed_name() -> None:
    assert not needs_plain_name("ckeditor/ckeditor/ckeditor.js")
    assert not needs_plain_name("admin/css/base.css")
    assert needs_plain_name("ckeditor/ckeditor/config.js")
    assert needs_plain_name("ckeditor/ckeditor/plugins/link/dialogs/link.js")
