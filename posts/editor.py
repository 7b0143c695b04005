"""The editor: CKEditor 4 with its known holes closed, and the field that never trusts it.

| hole | closed by |
|---|---|
| CVE-2024-24815 (CDATA parsing, filter bypass) | `fullPage: False`, no script or style in `allowedContent`, nh3 on save |
| CVE-2024-24816, CVE-2023-4771 (samples) | the samples are not in the wheel; `preview` and `print` removed |
| CVE-2024-43407 (GeSHi) | `codesnippet` and `codesnippetgeshi` removed |
| CVE-2024-43411 (version check) | `versionCheck: False`, and `connect-src 'self'` |
"""

from typing import Any

from ckeditor.fields import RichTextField
from ckeditor.widgets import CKEditorWidget
from django import forms
from django.db import models
from django.forms.widgets import Media, Script
from django.urls import reverse_lazy

from posts import html

REMOVED_PLUGINS = (
    # Each of the first four closes a hole named above; without print, preview logs an error.
    "preview,print,codesnippet,codesnippetgeshi,"
    # Not ours to offer: foreign content, forms, styles and services that phone home.
    "about,bbcode,div,divarea,docprops,easyimage,cloudservices,embed,embedbase,embedsemantic,"
    "exportpdf,flash,font,forms,iframe,image2,language,mathjax,newpage,pagebreak,placeholder,"
    "save,scayt,smiley,stylesheetparser,templates,uicolor,wsc,bidi,colorbutton,colordialog"
)
CONFIG: dict[str, Any] = {
    "fullPage": False,
    "versionCheck": False,
    "removePlugins": REMOVED_PLUGINS,
    "extra_plugins": ["autogrow", "uploadimage"],
    "width": "auto",
    "height": 420,
    "autoGrow_minHeight": 420,
    "autoGrow_maxHeight": 1200,
    "toolbarCanCollapse": False,
    "disableNativeSpellChecker": False,
    "entities": False,
    "forcePasteAsPlainText": False,
    "filebrowserBrowseUrl": "",
    "filebrowserImageBrowseUrl": "",
    "removeDialogTabs": "link:upload;image:Link;image:advanced;link:advanced",
    "format_tags": "p;h2;h3;h4;pre",
    "image_previewText": " ",
    "toolbar": "Alarm",
    "toolbar_Alarm": [
        ["Format"],
        ["Bold", "Italic", "Strike", "RemoveFormat"],
        ["Link", "Unlink"],
        ["NumberedList", "BulletedList", "Blockquote"],
        ["Image", "Table", "HorizontalRule", "SpecialChar"],
        ["PasteText", "PasteFromWord", "Find"],
        ["Undo", "Redo"],
        ["ShowBlocks", "Source", "Maximize"],
    ],
    "toolbar_Short": [
        ["Bold", "Italic"],
        ["Link", "Unlink"],
        ["NumberedList", "BulletedList", "Blockquote"],
        ["Undo", "Redo"],
        ["Source"],
    ],
}


class EditorWidget(CKEditorWidget):
    """CKEditor with our configuration; `short` for an introduction in a mail."""

    template_name = "admin/editor.html"

    def __init__(self, *, short: bool = False, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(template_name=self.template_name, attrs=attrs)
        self.short = short
        self.config = {**CONFIG, "allowedContent": html.editor_rules(short=short)}
        plugins = list(self.config.pop("extra_plugins"))
        if short:
            plugins.remove("uploadimage")
            self.config.update(
                {"toolbar": "Short", "height": 180, "autoGrow_minHeight": 180}
            )
        else:
            upload = reverse_lazy("posts:image-upload")
            self.config["filebrowserUploadUrl"] = upload
            self.config["filebrowserImageUploadUrl"] = upload
            self.config["imageUploadUrl"] = upload
        self.config["extraPlugins"] = ",".join(plugins)

    @property
    def media(self) -> Media:
        """CKEditor's own files, then ours that keeps its inline scripts from running."""
        return super().media + Media(js=[Script("js/editor.js")])


class HTMLField(RichTextField):
    """Text from the editor, cleaned by the allowlist on its way into the database.

    Every way in is covered: save(), bulk_create(), bulk_update() and update().
    """

    def __init__(self, *args: Any, short: bool = False, **kwargs: Any) -> None:
        self.short = short
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        if self.short:
            kwargs["short"] = True
        return name, path, list(args), dict(kwargs)

    def clean_value(self, value: Any) -> Any:
        return html.clean(value, short=self.short) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        # The object in hand shows what was stored, not what was sent.
        value = self.clean_value(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        return self.clean_value(super().get_prep_value(value))

    def formfield(self, **kwargs: Any) -> forms.Field:  # type: ignore[override]
        return models.TextField.formfield(
            self, **{**kwargs, "widget": EditorWidget(short=self.short)}
        )
