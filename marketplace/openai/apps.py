from django.apps import AppConfig


class OpenAIConfig(AppConfig):
    name = "marketplace.openai"
    label = "openai"
