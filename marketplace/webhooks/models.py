import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.webhooks.secret_text import SecretTextField


class Endpoint(models.Model):
    """Where an account wants to be told, and of what. No `kinds` means every kind, those to come as well."""

    class Disabled(models.TextChoices):
        """Who switched it off."""

        NOT = "", _("On")
        OWNER = "owner", _("Switched off by you")
        FAILING = "failing", _("Switched off after days without an answer")
        GONE = "gone", _("Switched off because it answered 410 Gone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    kinds = models.JSONField(default=list)
    secret = SecretTextField()
    # The one before still signs until then, so that receivers can change theirs in between.
    old_secret = SecretTextField(blank=True)
    old_secret_until = models.DateTimeField(null=True)
    disabled = models.CharField(max_length=20, choices=Disabled, default=Disabled.NOT, blank=True)
    # The first failure since the last success.
    failing_since = models.DateTimeField(null=True)
    # False where its owner has still to be told that the hub switched it off.
    owner_knows = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-created_at"], name="endpoints_newest_first")]

    def __str__(self) -> str:
        return self.url

    @property
    def is_on(self) -> bool:
        return self.disabled == self.Disabled.NOT

    def wants(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    def secrets(self, now: datetime) -> list[str]:
        """Those that sign now, the newest first; none that can't be read, for anyone can sign with an empty one."""
        overlaps = self.old_secret_until is not None and now < self.old_secret_until
        return [secret for secret in (self.secret, self.old_secret if overlaps else "") if secret]


class Message(models.Model):
    """One event as it is sent: the same bytes to each endpoint and in each attempt. Its id is the header `webhook-id`."""

    id = models.CharField(primary_key=True, max_length=40, editable=False)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_messages")
    kind = models.CharField(max_length=60)
    body = models.TextField()
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Delivery(models.Model):
    """One message to one endpoint. The row is the truth: whatever is due and unclaimed is sent, whoever asks for it.

    `attempt` counts all attempts and fences late results; `tries` counts those of this round, which a replay begins anew.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=20, choices=State, default=State.WAITING)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "endpoint"], name="a_message_once_per_endpoint")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="deliveries_due"),
            models.Index(fields=["endpoint", "-created_at"], name="deliveries_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.message} to {self.endpoint}"


class Attempt(models.Model):
    """One request and what came of it; written before it is sent, so that one whose worker was killed shows too."""

    class Problem(models.TextChoices):
        """Why there was no good answer."""

        NONE = "", _("Answered with success")
        UNKNOWN = "unknown", _("Nothing is known of it: the sender stopped while it was under way")
        STATUS = "status", _("The answer’s status is not 2xx")
        REDIRECT = "redirect", _("The answer is a redirect, which is never followed")
        GONE = "gone", _("The answer is 410 Gone")
        TIMEOUT = "timeout", _("No answer in time")
        CONNECTION = "connection", _("No connection")
        TLS = "tls", _("No secure connection: the certificate could not be verified, or TLS failed")
        ADDRESS = "address", _("The name has an address that is not public")
        NAME = "name", _("The name could not be resolved")
        ANSWER = "answer", _("The answer is not HTTP")
        URL = "url", _("The hub no longer sends to such an address")
        SECRET = "secret", _("The secret can’t be read any more: make a new one")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts_made")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seconds = models.FloatField(null=True)
    url = models.CharField(max_length=500)
    request_headers = models.JSONField(default=dict)
    address = models.CharField(max_length=45, blank=True)
    problem = models.CharField(max_length=20, choices=Problem, default=Problem.UNKNOWN, blank=True)
    status = models.PositiveIntegerField(null=True)
    response_headers = models.JSONField(default=dict)
    response_body = models.TextField(blank=True)

    class Meta:
        ordering = ("-number",)
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="an_attempt_once")]

    def __str__(self) -> str:
        return f"{self.delivery} #{self.number}"
