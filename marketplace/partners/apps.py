from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "marketplace.partners"
    label = "partners"

    def ready(self) -> None:
        # Connects what listens to the catalogue, and what `check --deploy` says.
        from marketplace.partners import checks, listeners  # noqa: F401 - they register themselves
