from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0025_privacy_of_returning_readers'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='post',
            options={'ordering': ['-published_at', '-pk'], 'permissions': [('override_checks', 'Can publish in spite of checks, with a reason'), ('publish_post', 'Can publish, update and withdraw articles'), ('change_any_post', 'Can see and change the articles of others'), ('edit_source', 'Can edit the source of a text')], 'verbose_name': 'article'},
        ),
    ]
