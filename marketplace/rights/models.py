from django.db import models
from django.utils.translation import gettext_lazy as _


class OptOutName(models.Model):
    """A name that asked not to be imitated. `folded` is what texts are compared with."""

    class Kind(models.TextChoices):
        ARTIST = "artist", _("Artist")
        BRAND = "brand", _("Brand")
        PERSON = "person", _("Person")

    name = models.CharField(max_length=120)
    folded = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.ARTIST)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class OptOutList(models.Model):
    """One row, whose mark changes with every change of the names. None was listed yet where it is missing."""

    mark = models.CharField(max_length=36)

    def __str__(self) -> str:
        return self.mark
