from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0006_queued_to")]

    operations = [
        migrations.AddField(
            "issue", "counted", models.JSONField(default=dict, editable=False)
        ),
        migrations.AddField(
            "issue", "counted_at", models.DateTimeField(editable=False, null=True)
        ),
    ]
