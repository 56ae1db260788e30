"""The manifest of the adapter format of textual inversions: a word of the prompt, and the vectors that it is read as."""

from hub.plugin_api import Component, Plugin

plugin = Plugin(
    name="textual_inversion",
    summary="Reads textual inversions for both text encoders, alone (clip_l, clip_g) or in a bundle (bundle_emb....).",
    components=[
        Component("adapter_format", "textual_inversion", "plugins.textual_inversion.format:TextualInversionFormat")
    ],
)
