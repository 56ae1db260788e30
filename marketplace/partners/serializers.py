"""The JSON of licensing: what is asked, what is answered. Rules live in the modules beside."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from marketplace.catalogue.models import StyleVersion
from marketplace.generation.serializers import SplitLineSerializer
from marketplace.partners.licensing import GrantQuote
from marketplace.partners.models import Agreement, Grant, PartnerStatement
from marketplace.partners.policies import NAMES
from marketplace.partners.usage import GrantUsage, Usage
from marketplace.partners.wanted import MOST_DAYS, MOST_IMAGES, Wanted, checked_permissions, checked_territory

ALL = ", ".join(NAMES)
UNUSED = (
    "Prepaid images that are never made are paid back when the grant ends by itself, too. When the hub or the creator ends "
    "it before, they always are."
)
WHERE = "Country codes (ISO 3166-1 alpha-2); empty for everywhere."


class LicensableSerializer(serializers.Serializer[StyleVersion]):
    """A version that may be licensed, and for what."""

    version = serializers.IntegerField(source="pk")
    number = serializers.IntegerField()
    slug = serializers.CharField(source="style.slug", help_text="Of the style's page.")
    title = serializers.CharField(source="style.title")
    creator = serializers.CharField(source="style.creator.display_name")
    base_model = serializers.CharField(source="pack.base_model.slug")
    licence = serializers.CharField()
    permissions = serializers.SerializerMethodField(help_text=f"Of {ALL}.")
    territory = serializers.ListField(
        source="offer.licence_class.territory", child=serializers.CharField(), help_text=WHERE
    )
    expires = serializers.DateField(
        source="offer.licence_class.expires", allow_null=True, help_text="Last day to license it."
    )
    price_micro = serializers.SerializerMethodField(help_text="What you pay per image, in 1e-6 of the currency.")
    currency = serializers.SerializerMethodField()

    def get_permissions(self, version: StyleVersion) -> list[str]:
        return [name for name in NAMES if getattr(version.offer.licence_class, name)]

    def get_price_micro(self, version: StyleVersion) -> int:
        prices: Mapping[int, int] = self.context["prices"]
        return prices[version.pk]

    def get_currency(self, _version: StyleVersion) -> str:
        return "USD"


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A year of posters",
            {"version": 1, "permissions": ["commercial_use"], "territory": ["DE", "JP"], "days": 365, "images": 100},
            request_only=True,
        )
    ]
)
class GrantQuoteRequestSerializer(serializers.Serializer[Wanted]):
    version = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    permissions = serializers.ListField(child=serializers.CharField(), max_length=len(NAMES), help_text=f"Of {ALL}.")
    territory = serializers.ListField(child=serializers.CharField(), max_length=300, default=list, help_text=WHERE)
    days = serializers.IntegerField(default=365, help_text=f"The term, from 1 to {MOST_DAYS}.")
    images = serializers.IntegerField(help_text=f"The most that may be made, from 1 to {MOST_IMAGES}.")
    payment = serializers.ChoiceField(
        choices=Agreement.Payment.choices,
        default=Agreement.Payment.PER_IMAGE,
        help_text="`prepaid` pays all images at once, `per_image` each when it is made. Computing is always paid per image.",
    )

    def wanted(self) -> Wanted:
        """What valid data asks for. Raises InvalidInput."""
        data = self.validated_data
        permissions, territory = checked_permissions(data["permissions"]), checked_territory(data["territory"])
        return Wanted(data["version"], permissions, territory, data["days"], data["images"], data["payment"])


class GrantQuoteSerializer(serializers.Serializer[GrantQuote]):
    version = serializers.IntegerField(source="version.pk")
    title = serializers.CharField(source="version.style.title")
    permissions = serializers.ListField(source="wanted.permissions", child=serializers.CharField())
    territory = serializers.ListField(source="wanted.territory", child=serializers.CharField(), help_text=WHERE)
    days = serializers.IntegerField(source="wanted.days")
    images = serializers.IntegerField(source="wanted.images")
    payment = serializers.CharField(source="wanted.payment")
    unit_price_micro = serializers.IntegerField(help_text="For each image.")
    total_micro = serializers.IntegerField(help_text="Due when you accept.")
    refunds_unused = serializers.BooleanField(help_text=UNUSED)
    split = SplitLineSerializer(many=True, help_text="Who gets what of the total.")
    quote = serializers.CharField(source="token", help_text="Accept it with this; it is signed, and holds until then.")
    expires_at = serializers.DateTimeField()


@extend_schema_serializer(examples=[OpenApiExample("As quoted", {"quote": "eyJhbGciOi..."}, request_only=True)])
class AcceptSerializer(serializers.Serializer[dict[str, str]]):
    quote = serializers.CharField(max_length=4000)


class AgreementSerializer(serializers.ModelSerializer[Agreement]):
    title = serializers.CharField(source="version.style.title")
    policy = serializers.JSONField(help_text="The creator's policy on the day you agreed.")
    refunds_unused = serializers.BooleanField(help_text=UNUSED)
    permissions = serializers.ListField(child=serializers.CharField())
    territory = serializers.ListField(child=serializers.CharField(), help_text=WHERE)

    class Meta:
        model = Agreement
        fields = (
            *("id", "version", "title", "permissions", "territory", "policy", "payment", "images"),
            *("unit_price_micro", "total_micro", "currency", "refunds_unused", "starts_at", "ends_at", "accepted_at"),
        )


class GrantSerializer(serializers.ModelSerializer[Grant]):
    agreement = AgreementSerializer()
    refunded_micro = serializers.IntegerField(help_text="What was paid back for prepaid images never made.")
    state = serializers.SerializerMethodField(help_text="`active`, `expired` or `revoked`.")
    images_used = serializers.SerializerMethodField(help_text="Those that wait or are being made, too.")

    class Meta:
        model = Grant
        fields = (
            *(
                "id",
                "state",
                "images_used",
                "created_at",
                "revoked_at",
                "revoked_reason",
                "refunded_micro",
                "agreement",
            ),
        )

    def get_state(self, grant: Grant) -> str:
        return grant.state(timezone.now())

    def get_images_used(self, grant: Grant) -> int:
        used: int = getattr(grant, "used", 0)  # a grant that was made just now has none
        return used


class TermsSerializer(serializers.Serializer[dict[str, Any]]):
    """What was agreed with your organisation, and what is left of it."""

    organisation = serializers.CharField()
    territories = serializers.ListField(child=serializers.CharField(), help_text=WHERE)
    price_bp = serializers.IntegerField(help_text="Of creators' own prices per image, in 1/10,000.")
    images_per_day = serializers.IntegerField(allow_null=True)
    images_today = serializers.IntegerField()
    images_per_month = serializers.IntegerField(allow_null=True)
    images_this_month = serializers.IntegerField()
    spend_cap_micro = serializers.IntegerField(
        allow_null=True, help_text="For grants and images under them, per month."
    )
    spent_micro = serializers.IntegerField()
    currency = serializers.CharField()


class GrantUsageSerializer(serializers.Serializer[GrantUsage]):
    grant = serializers.UUIDField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    images = serializers.IntegerField()
    paid_micro = serializers.IntegerField(help_text="For images under it, computing too.")


class UsageSerializer(serializers.Serializer[Usage]):
    first = serializers.DateField()
    last = serializers.DateField()
    grants = GrantUsageSerializer(many=True)
    images = serializers.IntegerField(help_text="Delivered in these days; each counts once.")
    paid_micro = serializers.IntegerField()
    prepaid_micro = serializers.IntegerField(help_text="What their grants had paid of them before.")


class PartnerStatementSerializer(serializers.ModelSerializer[PartnerStatement]):
    class Meta:
        model = PartnerStatement
        fields = ("month", "lines", "paid_micro", "closing_micro", "made_at")
