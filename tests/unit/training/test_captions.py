from itertools import product

from training.captions import BACKGROUNDS, captions, english_caption, hash_order, held_out, japanese_caption
from training.concepts import Concept

SHRIMP = Concept("1f990", "shrimp", "エビ", "animal-marine")
ORCHID = Concept("1f490", "orchid", "ラン", "plant-flower")
MANY = tuple(
    Concept(f"{number:x}", f"thing {number}", f"物{number}", "animal-bug") for number in range(0x1F400, 0x1F400 + 300)
)


def test_a_caption_names_the_concept_and_the_colour_in_both_languages() -> None:
    pink, orange = BACKGROUNDS[8], BACKGROUNDS[3]
    assert english_caption(SHRIMP, pink) == "a shrimp on a pink background"
    assert english_caption(ORCHID, orange) == "an orchid on an orange background"
    assert japanese_caption(SHRIMP, pink) == "ピンクの背景のエビ"
    assert captions(SHRIMP, pink)[2::3] == ("shrimp, pink background", "エビ、ピンクの背景")


def test_one_pair_in_ten_is_held_out_and_every_concept_and_colour_is_still_seen() -> None:
    pairs = list(product(MANY, BACKGROUNDS))
    seen = [(concept, colour) for concept, colour in pairs if not held_out(concept, colour.english)]
    assert 0.88 < len(seen) / len(pairs) < 0.92
    assert {concept for concept, _ in seen} == set(MANY)
    assert {colour for _, colour in seen} == set(BACKGROUNDS)


def test_what_is_held_out_depends_on_the_pair_alone() -> None:
    assert held_out(SHRIMP, "pink") == held_out(Concept("1f990", "prawn", "海老", "animal-marine"), "pink")


def test_the_order_of_prompts_does_not_depend_on_the_order_of_concepts() -> None:
    assert hash_order(MANY) == hash_order(MANY[::-1]) != list(MANY)
