from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = "What people decide, and what leaves"
