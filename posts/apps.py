from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class PostsConfig(AppConfig):
    name = "posts"
    verbose_name = "Posts"

    def ready(self) -> None:
        # freshness, likeness and tasks connect their signals.
        from posts import freshness, likeness, search_index, tasks  # noqa: F401

        pre_migrate.connect(search_index.stand_aside, sender=self)
        post_migrate.connect(search_index.keep_through_migrations, sender=self)
