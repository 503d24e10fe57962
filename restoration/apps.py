from django.apps import AppConfig


class RestorationConfig(AppConfig):
    name = "restoration"
    verbose_name = "What we do to it"

    def ready(self) -> None:
        from restoration import permissions  # noqa: F401  (registers the app's rules)
