"""A licence as JSON, for the schema alone: documents.py writes it."""

from typing import Any

from rest_framework import serializers


class PolicySerializer(serializers.Serializer[Any]):
    commercial_use = serializers.BooleanField(help_text="May pictures be used in business?")
    credit_required = serializers.BooleanField(help_text="Must the creator be named beside each picture?")
    merging = serializers.BooleanField(help_text="May it be mixed with other styles in one picture?")
    derivatives = serializers.BooleanField(help_text="May others train styles that derive from it?")
    resale_through_partners = serializers.BooleanField(help_text="May pictures be resold?")
    training_on_outputs = serializers.BooleanField(help_text="May pictures be used to train models?")
    territory = serializers.ListField(
        child=serializers.CharField(), help_text="Countries for which partners may license it; empty for every one."
    )
    partners = serializers.ListField(
        child=serializers.CharField(), help_text="Slugs of the partners that may license it; empty for every one."
    )
    expires = serializers.DateField(allow_null=True, help_text="The last day on which it is granted.")
    opt_outs = serializers.ListField(child=serializers.CharField(), help_text="What is ruled out for machines.")


class StatementSerializer(serializers.Serializer[Any]):
    clause = serializers.CharField()
    allowed = serializers.BooleanField(allow_null=True, help_text="Null for a condition.")
    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)


class LicenceDocumentSerializer(serializers.Serializer[Any]):
    licence = serializers.CharField(help_text="The stated licence.")
    policy = PolicySerializer()
    words = StatementSerializer(many=True, help_text="The same in plain words.")
    page = serializers.URLField(help_text="Where people read it.")
