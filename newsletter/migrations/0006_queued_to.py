from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0005_corrections_in_issues")]

    operations = [
        migrations.AddField(
            "issue", "queued_to", models.PositiveBigIntegerField(editable=False, null=True)
        ),
    ]
