"""Web editions name their pictures, not one copy of each: the page chooses the copies."""

import re
from typing import Any

from django.db import migrations

COVER = re.compile(
    r'<img src="(?P<src>(?:[^"]*/renditions/(?P<sha256>[0-9a-f]{24})-[0-9]+\.jpg|[^"]*))"'
    r'(?P<alt> alt="[^"]*")(?P<size> width="[0-9]+" height="[0-9]+")'
    r' loading="lazy" decoding="async">'
)


def name_pictures(apps: Any, schema_editor: Any) -> None:
    content_model = apps.get_model("newsletter", "Content")
    images = apps.get_model("posts", "Image").objects

    def whole(match: re.Match[str]) -> str:
        sha256 = match["sha256"]
        image = images.filter(sha256__startswith=sha256).first() if sha256 else None
        if image or not sha256:
            src = image.file.url if image else match["src"]
            return f'<img src="{src}"{match["alt"]}>'
        # Gone from the library: as it was, but for how it is fetched.
        return f'<img src="{match["src"]}"{match["alt"]}{match["size"]}>'

    for content in content_model.objects.only("web_html").iterator():
        web_html = COVER.sub(whole, content.web_html)
        if web_html != content.web_html:
            content_model.objects.filter(pk=content.pk).update(web_html=web_html)


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0001_initial"),
        ("posts", "0010_search_phrases"),
    ]

    operations = [migrations.RunPython(name_pictures, migrations.RunPython.noop)]
