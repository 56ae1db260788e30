"""Addresses below /api/v1/: webhooks."""

from django.urls import path

from marketplace.webhooks.api import (
    DeliveriesView,
    DeliveryView,
    EndpointsView,
    EndpointView,
    KindsView,
    ReplayFailedView,
    ReplayView,
    RotateView,
    TestView,
)

urlpatterns = [
    path("webhooks", EndpointsView.as_view(), name="webhooks"),
    path("webhooks/kinds", KindsView.as_view(), name="webhook-kinds"),
    path("webhooks/<uuid:id>", EndpointView.as_view(), name="webhook"),
    path("webhooks/<uuid:id>/rotate-secret", RotateView.as_view(), name="webhook-rotate-secret"),
    path("webhooks/<uuid:id>/test", TestView.as_view(), name="webhook-test"),
    path("webhooks/<uuid:id>/replay", ReplayFailedView.as_view(), name="webhook-replay-failed"),
    path("webhooks/<uuid:id>/deliveries", DeliveriesView.as_view(), name="webhook-deliveries"),
    path("webhooks/<uuid:id>/deliveries/<uuid:delivery>", DeliveryView.as_view(), name="webhook-delivery"),
    path("webhooks/<uuid:id>/deliveries/<uuid:delivery>/replay", ReplayView.as_view(), name="webhook-replay"),
]
