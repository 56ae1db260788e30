"""What the text encoders learn first: what is where in the picture."""

import pytest
import torch
from diffusers.models.attention_processor import Attention

from training.base import new_unet
from training.captions import words
from training.concepts import Concept
from training.encoded import TrainingSet
from training.layout import FIRST_CELL, GRID, cells, fitted_heads, train_text
from training.located import Reading, located
from training.text import TextEncoders, new_text_encoders
from training.tokenizer import CONTEXT, train_tokenizer

pytestmark = pytest.mark.torch
SIDE = 16


def pictures(count: int) -> torch.Tensor:
    return torch.randn(count, 8, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def test_each_cell_holds_its_own_corner_of_the_picture() -> None:
    latents = pictures(2)
    cut = cells(latents)
    side = SIDE // GRID
    assert cut.shape == (2, GRID * GRID, 8 * side * side)
    assert torch.equal(cut[1, 0].view(8, side, side), latents[1, :, :side, :side])
    assert torch.equal(cut[1, GRID + 2].view(8, side, side), latents[1, :, side : 2 * side, 2 * side : 3 * side])


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[TextEncoders, TrainingSet]:
    """Encoders that have learned two captions, and the pictures that belong to them."""
    names = [Concept("1f990", "shrimp", "エビ", "animal-marine"), Concept("1f98a", "fox", "キツネ", "animal-mammal")]
    tokenizer = train_tokenizer([word for name in names for word in words(name)])
    ids = tokenizer(["a shrimp", "a fox"], padding="max_length", return_tensors="pt").input_ids
    data = TrainingSet(pictures(2), ids[:, None])
    torch.manual_seed(0)
    text = new_text_encoders(tokenizer)
    train_text(text, data, tmp_path_factory.mktemp("text"), steps=60)
    return text, data


@pytest.mark.slow
def test_encoders_learn_to_tell_two_pictures_apart_by_their_captions(
    learned: tuple[TextEncoders, TrainingSet],
) -> None:
    text, data = learned
    heads, captions = fitted_heads(text, data), data.captions[:, 0]
    with torch.no_grad():
        assert heads.error(text, captions, data.latents) < 0.2
        assert heads.error(text, captions.flip(0), data.latents) > 1


def attention() -> Attention:
    torch.manual_seed(0)
    return Attention(query_dim=12, cross_attention_dim=8, heads=3, dim_head=4)


def test_reading_is_attention_as_usual() -> None:
    layer, places, tokens = attention(), torch.randn(2, 64, 12), torch.randn(2, CONTEXT, 8)
    assert torch.allclose(Reading()(layer, places, tokens), layer(places, encoder_hidden_states=tokens), atol=1e-6)


def test_a_place_that_reads_its_own_cell_has_no_error_and_one_that_does_not_has() -> None:
    layer = Attention(query_dim=16, cross_attention_dim=16, heads=3, dim_head=16, bias=False)
    with torch.no_grad():
        layer.to_q.weight.copy_(100 * torch.eye(16).repeat(3, 1))
        layer.to_k.weight.copy_(torch.eye(16).repeat(3, 1))
    # One place for each cell, and a token that answers to it.
    places = torch.eye(GRID * GRID)[None]
    tokens = torch.zeros(1, CONTEXT, 16)
    tokens[:, FIRST_CELL:] = torch.eye(GRID * GRID)
    own, other, empty = Reading(), Reading(), Reading()
    own(layer, places, tokens)
    other(layer, places, tokens.roll(1, dims=1))
    empty(layer, places, torch.zeros_like(tokens))
    assert own.error() < 1e-3
    assert other.error() > 10
    assert empty.errors == []


def test_the_usual_attention_is_back_afterwards() -> None:
    unet = new_unet()
    before = unet.attn_processors
    with located(unet) as reading:
        assert sum(processor is reading for processor in unet.attn_processors.values()) == 11
    assert unet.attn_processors == before
