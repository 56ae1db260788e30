from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "marketplace.generation"
    label = "generation"
