from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "archive"
    verbose_name = "What we hold"

    def ready(self) -> None:
        from archive import permissions  # noqa: F401  (registers the app's rules)
        from archive.webhooks import outbox  # noqa: F401  (its receiver is connected)
