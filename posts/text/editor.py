"""The editor: CKEditor 4 with its known holes closed, and the field that never trusts it.

| hole | closed by |
|---|---|
| CVE-2024-24815 (CDATA parsing, filter bypass) | `fullPage: False`, no script or style in `allowedContent`, nh3 on save |
| CVE-2024-24816, CVE-2023-4771 (samples) | the samples are not in the wheel; `preview` and `print` removed |
| CVE-2024-43407 (GeSHi) | `codesnippet` and `codesnippetgeshi` removed |
| CVE-2024-43411 (version check) | `versionCheck: False`, and `connect-src 'self'` |

CKEditor's buttons carry `onclick` and `style` attributes and its frames a `<style>`, so the
pages with the editor, and only they, are sent SECURE_CSP_EDITOR (posts/admin/shared.py). Inline
`<script>` stays blocked even there: static/js/editor.js starts the editing frame instead.
"""  # noqa: E501 (a table)

from typing import Any

from ckeditor.fields import RichTextField
from ckeditor.widgets import CKEditorWidget
from django import forms
from django.conf import settings
from django.db import models
from django.forms.widgets import Media, Script
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import lazy

from posts.text import foreign, html
from posts.text.limits import refuse_longer

REMOVED_PLUGINS = (
    # Each of the first four closes a hole named above; without print, preview logs an error.
    "preview,print,codesnippet,codesnippetgeshi,"
    # Not offered: embedded content, forms, styles, and services that call other servers.
    "about,bbcode,div,divarea,docprops,easyimage,cloudservices,embed,embedbase,embedsemantic,"
    "exportpdf,flash,font,forms,iframe,image,image2,language,mathjax,newpage,pagebreak,placeholder,"
    "save,scayt,smiley,stylesheetparser,templates,uicolor,wsc,bidi,colorbutton,colordialog,"
    # It writes the numbering of a list as a style, too.
    "liststyle,"
    # The editor is as high as its text (static/js/growing.js), and the page scrolls.
    "autogrow,elementspath,maximize,resize"
)
# Characters, tags counted in: a book, and more than fits into a mail that Gmail shows whole.
LONGEST_BODY = 1_000_000
LONGEST_INTRODUCTION = 50_000
# With the markup of a word processor, as it is sent, before the clean.
LONGEST_SENT = 2_500_000
PICTURE_TYPES = "image/jpeg,image/png,image/gif,image/webp,image/heic,image/heif,.heic,.heif"

# With the manifest storage an address is known only once the files are collected.
_static = lazy(static, str)

CONFIG: dict[str, Any] = {
    "fullPage": False,
    "versionCheck": False,
    "removePlugins": REMOVED_PLUGINS,
    # Ours are in static/js/blocks.js.
    "extra_plugins": ["blocks", "uploadimage"],
    "width": "auto",
    "height": 420,  # At least; it grows with the text.
    "toolbarCanCollapse": False,
    "disableNativeSpellChecker": False,
    "entities": False,
    "forcePasteAsPlainText": False,
    # Pasted pictures are uploaded (uploadimage), never written into the text as data.
    "clipboard_handleImages": False,
    "filebrowserBrowseUrl": "",
    "filebrowserImageBrowseUrl": "",
    "removeDialogTabs": "link:upload;image:Link;image:Upload;image:advanced;link:advanced;"
    "table:advanced",
    # The arrow keys lead along the whole toolbar, and not round and round a part of it.
    "toolbarGroupCycling": False,
    "linkShowTargetTab": False,
    "linkDefaultProtocol": "https://",
    "format_tags": "p;h2;h3;h4;pre",
    "image_previewText": " ",
    # The style sheets of an article, so that the editor shows a text as readers will see it.
    "contentsCss": [
        _static("css/site/typeface.css"),
        _static("css/site/tokens.css"),
        _static("css/site/base.css"),
        _static("css/site/prose.css"),
        _static("css/desk/editor-text.css"),
    ],
    "bodyClass": "prose",
    "toolbar": "Alarm",
    "toolbar_Alarm": [
        ["Format"],
        ["Bold", "Italic", "Link"],
        ["BulletedList", "NumberedList", "Checklist", "Blockquote"],
        [
            *("Picture", "PullQuote", "Footnote", "InsertTable", "DataFigure"),
            *("CaseExample", "KeyPoints", "Rule"),
        ],
        ["Undo", "Redo"],
        # Source is seen only while the source is, as the way back; the way there is under More.
        ["More", "Source"],
    ],
    "toolbar_Short": [
        ["Bold", "Italic", "Link"],
        ["BulletedList", "NumberedList", "Checklist", "Blockquote"],
        ["PullQuote", "DataFigure", "CaseExample", "KeyPoints"],
        ["Undo", "Redo"],
        ["More", "Source"],
    ],
}


class EditorWidget(CKEditorWidget):
    """CKEditor with our configuration; `short` for an introduction in a mail."""

    template_name = "admin/editor.html"

    def __init__(self, *, short: bool = False, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(template_name=self.template_name, attrs=attrs)
        self.short = short
        self.config = {**CONFIG, "allowedContent": html.editor_rules(short=short)}
        # Ours, for static/js/paste.js: the tables by which it translates foreign HTML.
        self.config["foreign"] = foreign.tables(short=short)
        # Ours, for static/js/blocks/: what a text may link to.
        self.config["linksUrl"] = reverse_lazy("posts:find-links")
        plugins = list(self.config.pop("extra_plugins"))
        if short:
            plugins.remove("uploadimage")
            self.config.update({"toolbar": "Short", "height": 180})
        else:
            upload = reverse_lazy("posts:image-upload")
            self.config["filebrowserUploadUrl"] = upload
            self.config["filebrowserImageUploadUrl"] = upload
            self.config["imageUploadUrl"] = upload
            # CKEditor marks a picture with it during the upload, and removes it afterwards.
            self.config["extraAllowedContent"] = "img[data-widget]"
            # Ours, for static/js/editor.js, which refuses a larger picture before the upload.
            self.config["picturesUrl"] = reverse_lazy("posts:find-pictures")
            self.config["presentPicturesUrl"] = reverse_lazy("posts:present-pictures")
            self.config["imageMaxBytes"] = settings.IMAGE_MAX_BYTES
            self.config["imageTypes"] = PICTURE_TYPES
        self.config["extraPlugins"] = ",".join(plugins)

    def without_source(self) -> None:
        """Take the source away; its button and its item in the menu go with it."""
        removed = f"{self.config['removePlugins']},sourcearea"
        self.config = {**self.config, "removePlugins": removed}

    def format_value(self, value: Any) -> str | None:
        """Return the text as it would be stored, so CKEditor's parser only reads clean HTML."""
        text = super().format_value(value)
        return html.clean(text, short=self.short) if text else text

    @property
    def media(self) -> Media:
        """CKEditor's own files, then ours, which starts it without inline scripts."""
        scripts: list[Any] = [
            Script(f"js/{name}.js", type="module")
            for name in ("editor", "paste", "growing", "blocks")
        ]
        ours = Media(js=["ckeditor/ckeditor/ckeditor.js", *scripts])
        return super().media + ours


class HTMLFormField(forms.CharField):
    """A text from the editor. One of which the clean leaves nothing counts as empty."""

    def __init__(self, *, short: bool = False, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "widget": EditorWidget(short=short)})
        self.short = short
        self.losses: list[str] = []

    def to_python(self, value: Any) -> str:
        self.losses = []
        text = (super().to_python(value) or "").replace("\r\n", "\n")
        # Two limits: a text from a word processor is mostly markup that the clean removes.
        refuse_longer(text, LONGEST_SENT)
        # Each form has its own copy of the field, so these are the losses of this form.
        self.losses = html.losses(text, short=self.short)
        text = html.clean(text, short=self.short)
        refuse_longer(text, LONGEST_INTRODUCTION if self.short else LONGEST_BODY)
        return text


class HTMLField(RichTextField):
    """Text from the editor, cleaned by the allowlist on its way into the database.

    Every way in that carries a text is covered: save(), bulk_create(), bulk_update() and
    update(). An expression such as F() or Concat() is computed by the database, where
    nothing can be cleaned: write none into this field.
    """

    def __init__(self, *args: Any, short: bool = False, **kwargs: Any) -> None:
        self.short = short
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Return the field for migrations: a plain TextField, so that none imports this module."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", list(args), dict(kwargs)

    def clean_value(self, value: Any) -> Any:
        """Return a text cleaned; anything else as it is."""
        return html.clean(value, short=self.short) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        # The instance gets the cleaned text, as it is stored.
        value = self.clean_value(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        return self.clean_value(super().get_prep_value(value))

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        refuse_longer(value, LONGEST_INTRODUCTION if self.short else LONGEST_BODY)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        # The admin would pass its plain text area, which shows tags.
        kwargs.pop("widget", None)
        options = {"form_class": HTMLFormField, "short": self.short, **kwargs}
        return models.TextField.formfield(self, **options)
