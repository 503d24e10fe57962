from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.db.models.signals import post_migrate


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = "What people decide, and what leaves"

    def ready(self) -> None:
        from review import permissions, trash, uses  # noqa: F401  (rules, receivers and checks)
        from review.search import following  # noqa: F401  (receivers are connected)

        post_migrate.connect(_after_an_upgrade, sender=self)


def _after_an_upgrade(using: str, apps: Apps, **_: Any) -> None:
    """Nothing where only a part was migrated, and the tables are not there yet."""
    from review import stored_standings

    if "standingmark" not in apps.all_models["review"]:
        return

    stored_standings.mark_older_rules(using)
