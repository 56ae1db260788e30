from typing import ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts import roles


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address; there are no user names."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person. Anyone may buy; anyone who publishes a style is a creator."""

    username = None  # type: ignore[assignment]  # Django's own way to drop the column
    first_name = None  # type: ignore[assignment]  # one display name serves every culture
    last_name = None  # type: ignore[assignment]  # as above
    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = models.CharField(_("display name"), max_length=60)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # narrower than AbstractUser's

    def __str__(self) -> str:
        return self.display_name

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class Organisation(models.Model):
    """A studio, broadcaster or company: owns content libraries and earns, and later licenses, as one."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(unique=True, max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)
    # What its programs act as: this account holds its wallet, its pictures and its API keys, and nobody signs in to it.
    account = models.OneToOneField(
        User, null=True, editable=False, on_delete=models.PROTECT, related_name="organisation"
    )
    members = models.ManyToManyField(User, through="Membership", related_name="organisations")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a person may do for an organisation; marketplace.accounts.roles has the table."""

    Role = roles.Role

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="one_membership_per_person")]

    def __str__(self) -> str:
        return f"{self.user} in {self.organisation}"


class Invitation(models.Model):
    """An address that may join. The row goes when it is used or withdrawn, and its link with it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=roles.Role)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "email"], name="one_invitation_per_address")]

    def __str__(self) -> str:
        return f"{self.email} to {self.organisation}"


class EndedToken(models.Model):
    """An access token that its client revoked, by its hash; kept until it would have ended by itself."""

    digest = models.CharField(max_length=128, primary_key=True)
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Credential(models.Model):
    """What a program signs in with: an API key, or an OAuth client with its secret. Only hashes of secrets are kept.

    After a rotation the secret before it holds until `previous_until`, and those before that as OlderSecret says. A row stays
    when it is revoked, for usage to name it.
    """

    class Kind(models.TextChoices):
        KEY = "key", _("API key")
        CLIENT = "client", _("OAuth client")

    kind = models.CharField(max_length=10, choices=Kind)
    account = models.ForeignKey(User, on_delete=models.CASCADE, related_name="credentials")
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=60, blank=True)
    # Shown to tell it apart: the beginning of a key, or a client's whole id, which is no secret.
    label = models.CharField(max_length=40, unique=True)
    digest = models.CharField(max_length=128, unique=True)
    # Null and not empty: any number of rows have none, and yet no two have the same.
    previous_digest = models.CharField(max_length=128, unique=True, null=True)  # noqa: DJ001 - as said above
    previous_until = models.DateTimeField(null=True)
    scopes = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name or self.label


class OlderSecret(models.Model):
    """One before the previous: rotated again before its overlap was over, and good until then all the same."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="older_secrets")
    digest = models.CharField(max_length=128, unique=True)
    holds_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.credential}, until {self.holds_until}"
