from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "marketplace.partners"
    label = "partners"

    def ready(self) -> None:
        # Connects what listens to the catalogue.
        from marketplace.partners import listeners  # noqa: F401
