"""The two text encoders of the base, with SDXL's plan and small widths."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from training.tokenizer import CONTEXT

TEXT_WIDTH = 96


@dataclass(frozen=True)
class TextEncoders:
    first: CLIPTextModel
    second: CLIPTextModelWithProjection

    def parameters(self) -> list[nn.Parameter]:
        return [*self.first.parameters(), *self.second.parameters()]

    def encode(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Token ids (n, 32) -> hidden states (n, 32, 192) and pooled (n, 96), as SDXL's pipeline takes them."""
        one = self.first(ids, output_hidden_states=True)
        two = self.second(ids, output_hidden_states=True)
        return torch.cat([one.hidden_states[-2], two.hidden_states[-2]], dim=-1), two.text_embeds


def new_text_encoders(tokenizer: CLIPTokenizer) -> TextEncoders:
    def config(layers: int, activation: str) -> CLIPTextConfig:
        return CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=layers,
            num_attention_heads=3,
            max_position_embeddings=CONTEXT,
            hidden_act=activation,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )

    return TextEncoders(CLIPTextModel(config(2, "quick_gelu")), CLIPTextModelWithProjection(config(3, "gelu")))
