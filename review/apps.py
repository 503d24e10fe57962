from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = "What people decide, and what leaves"

    def ready(self) -> None:
        from review import permissions, uses  # noqa: F401  (rules and checks are registered)
        from review.search import following  # noqa: F401  (receivers are connected)
