from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0011_received_mail")]

    operations = [migrations.AddField("gate", "readers", models.PositiveIntegerField(null=True))]
