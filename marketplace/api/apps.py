from django.apps import AppConfig

from marketplace.api.converters import register


class ApiConfig(AppConfig):
    name = "marketplace.api"
    label = "api"

    def ready(self) -> None:
        from marketplace.api import security  # noqa: F401 - registers itself, and needs the apps to be there

        register()
