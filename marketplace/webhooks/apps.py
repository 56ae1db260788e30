from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "marketplace.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        # Models can't be imported before.
        from marketplace.events import announced
        from marketplace.webhooks.messages import receive

        announced.connect(receive, dispatch_uid="webhooks")
