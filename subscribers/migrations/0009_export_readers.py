"""Exporting the addresses of readers gets a permission of its own."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('subscribers', '0008_for_home'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='subscriber',
            options={'ordering': ['-created_at', '-pk'], 'permissions': [('export_subscriber', 'Can export the addresses of readers')], 'verbose_name': 'reader'},
        ),
    ]
