from django.apps import AppConfig


class StabilityConfig(AppConfig):
    name = "marketplace.stability"
    label = "stability"
