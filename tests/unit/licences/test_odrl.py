"""Offers and agreements are what the ODRL information model demands, by shapes that refuse what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from pyshacl import validate
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import RDF

from marketplace.licences import odrl
from marketplace.licences.odrl import CONTEXT, Party
from marketplace.licences.policy import Policy
from tests.factories.licences import TODAY, free_policy, make_subject, policies

SHAPES = Graph().parse(Path(__file__).with_name("odrl_information_model.ttl"), format="turtle")
ODRL = Namespace("http://www.w3.org/ns/odrl/2/")
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")
SUBJECT = make_subject()
STUDIO = Party("https://hub.example/organisations/aoi", "Studio Aoi")
LIMITED = free_policy(
    territory=("DE", "JP"), partners=("aoi",), expires=TODAY, opt_outs=("data_mining",), credit_required=True
)
LINKS = {"@type": "@id"}
WORDS = {"@type": "@vocab"}
# The terms of W3C's context that our documents use, defined as it defines them; tests fetch nothing from the net.
W3C: dict[str, Any] = {
    "odrl": str(ODRL),
    "dct": "http://purl.org/dc/terms/",
    "xsd": str(XSD),
    **{name: f"odrl:{name}" for name in ("Offer", "Agreement", "Party", "rightOperand")},
    **{
        name: f"odrl:{name}" for name in ("grantUse", "sell", "derive", "attribute", "obtainConsent", "prohibit", "use")
    },
    **{name: f"odrl:{name}" for name in ("dateTime", "spatial", "recipient", "lteq", "isNoneOf")},
    **{name: {"@id": f"odrl:{name}", **LINKS} for name in ("profile", "target", "assigner", "assignee")},
    **{name: {"@id": f"odrl:{name}", **LINKS} for name in ("permission", "prohibition", "duty", "constraint")},
    "attributedParty": {"@id": "odrl:attributedParty", **LINKS},
    **{name: {"@id": f"odrl:{name}", **WORDS} for name in ("action", "conflict", "leftOperand", "operator")},
}


def graph_of(document: dict[str, Any]) -> Graph:
    assert document["@context"] == CONTEXT
    return Graph().parse(data=json.dumps(document | {"@context": [W3C, *CONTEXT[1:]]}), format="json-ld")


def complaints(document: dict[str, Any]) -> str:
    conforms, _graph, text = validate(graph_of(document), shacl_graph=SHAPES, inference="none")
    return "" if conforms else str(text)


def agreed(policy: Policy) -> dict[str, Any]:
    return odrl.agreement(policy, SUBJECT, uid="urn:uuid:0b2c", assignee=STUDIO, issued=TODAY)


@settings(max_examples=15, deadline=None)
@given(policies)
def test_every_offer_and_agreement_is_what_the_model_demands(policy: Policy) -> None:
    assert complaints(odrl.offer(policy, SUBJECT)) == ""
    assert complaints(agreed(policy)) == ""
    assert complaints(odrl.tdm_policy(policy, SUBJECT)) == ""


def test_no_term_is_lost_on_the_way_to_rdf() -> None:
    """A term without a definition vanishes when JSON-LD is read: everything said must arrive."""
    graph = graph_of(agreed(LIMITED))
    policy = URIRef("urn:uuid:0b2c")
    assert {str(value) for value in graph.objects(policy, ODRL.uid)} == {"urn:uuid:0b2c"}
    assert graph.value(policy, RDF.type) == ODRL.Agreement
    assert graph.value(policy, ODRL.assignee) == URIRef(STUDIO.uid)
    assert graph.value(policy, ODRL.conflict) == ODRL.prohibit
    assert graph.value(policy, URIRef("http://purl.org/dc/terms/issued")) == Literal("2026-12-01", datatype=XSD.date)
    permitted = {
        str(action) for rule in graph.objects(policy, ODRL.permission) for action in graph.objects(rule, ODRL.action)
    }
    assert permitted == {
        "urn:irodori:licence:generate",
        str(ODRL.grantUse),
        "http://creativecommons.org/ns#CommercialUse",
        "urn:irodori:licence:combine",
        str(ODRL.derive),
        str(ODRL.sell),
        "urn:irodori:licence:train",
    }
    prohibited = [graph.value(rule, ODRL.action) for rule in graph.objects(policy, ODRL.prohibition)]
    assert sorted(map(str, prohibited)) == sorted(
        [str(ODRL.grantUse), str(ODRL.sell)] * 2 + ["http://www.w3.org/ns/tdmrep/mine"]
    )
    places = {
        str(value) for value in graph.objects(None, ODRL.rightOperand) if "3166" in str(getattr(value, "datatype", ""))
    }
    assert places == {"DE", "JP"}


def without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document.pop(name)


def with_in_each_permission(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: [rule.update(changes) for rule in document["permission"]]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (without("uid"), "one identifier"),
        (without("assigner"), "granted by one party"),
        (without("assignee"), "granted to one party"),
        (lambda document: document.update(permission=[], prohibition=[]), "odrl:permission"),
        (lambda document: document.update(conflict="use"), "settle a conflict"),
        (lambda document: document["permission"][0].pop("action"), "about one action"),
        (lambda document: document["permission"][0].pop("target"), "about one asset"),
        (lambda document: document["prohibition"][0].pop("target"), "about one asset"),
        (lambda document: document["prohibition"][0].update(duty=[{"action": "attribute"}]), "Duties belong"),
        (with_in_each_permission(constraint=[{"operator": "lteq", "rightOperand": "x"}]), "left operand"),
        (with_in_each_permission(constraint=[{"leftOperand": "spatial", "rightOperand": "x"}]), "one operator"),
        (with_in_each_permission(constraint=[{"leftOperand": "spatial", "operator": "lteq"}]), "rightOperand"),
        (
            with_in_each_permission(
                constraint=[{"leftOperand": "dateTime", "operator": "lteq", "rightOperand": "soon"}]
            ),
            "dateTime",
        ),
    ],
)
def test_the_shapes_refuse_what_the_model_refuses(spoil: Callable[[dict[str, Any]], Any], complaint: str) -> None:
    document = agreed(LIMITED)
    spoil(document)
    assert complaint in complaints(document)


def test_mining_is_free_only_where_nothing_is_ruled_out() -> None:
    for policy, rule in ((free_policy(), {}), (Policy(), {"duty": [{"action": "obtainConsent"}]})):
        document = odrl.tdm_policy(policy, SUBJECT)
        assert (document["profile"], document["permission"]) == (
            "http://www.w3.org/ns/tdmrep",
            [{"target": SUBJECT.target, "action": "tdm:mine", **rule}],
        )
