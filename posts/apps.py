from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class PostsConfig(AppConfig):
    name = "posts"
    verbose_name = "Posts"

    def ready(self) -> None:
        # freshness, likeness and tasks connect their signals.
        from posts import freshness, likeness, tasks  # noqa: F401  (see above)
        from posts.search import index

        pre_migrate.connect(index.drop_triggers, sender=self)
        post_migrate.connect(index.restore_triggers, sender=self)
