"""Pages below /plugins/sandbox_payments/."""

from django.urls import path

from plugins.sandbox_payments.views import checkout

app_name = "sandbox_payments"
urlpatterns = [path("checkout/<str:token>", checkout, name="checkout")]
