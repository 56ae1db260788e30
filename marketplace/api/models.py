from django.conf import settings
from django.db import models


class SavedAnswer(models.Model):
    """What a request with an Idempotency-Key was answered; saved together with its effect, and kept for some days.

    `request_sha256` covers address and body. `status` is null only within the transaction that still works on it.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_answers")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="a_key_once_per_person")]
        indexes = [models.Index(fields=["created_at"], name="answers_oldest_first")]

    def __str__(self) -> str:
        return self.key
