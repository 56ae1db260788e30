import uuid

from django.conf import settings
from django.db import models

from marketplace.generation.models import Generation


class Batch(models.Model):
    """Images ordered together. What became of each is told by its own row; `finished_at` is when the last had ended."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="batches")
    name = models.CharField(max_length=120, blank=True)
    size = models.PositiveIntegerField()
    price_micro = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["buyer", "-created_at"], name="batch_history"),
            models.Index(fields=["created_at"], condition=models.Q(finished_at=None), name="batch_not_finished"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)


class BatchItem(models.Model):
    """`number` is the image's place in the order, from 0."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="items", db_index=False)
    number = models.PositiveIntegerField()
    generation = models.OneToOneField(Generation, on_delete=models.PROTECT, related_name="batch_item")

    class Meta:
        # Its index also finds the items of a batch.
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="one_item_per_number")]

    def __str__(self) -> str:
        return f"{self.number} of {self.batch_id}"
