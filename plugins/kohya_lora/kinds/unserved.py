"""Kinds that are known and refused by name: serving one as something near it would make wrong pictures in silence."""

OFT, GLORA, T_LORA = "OFT or BOFT (rotations of the weight)", "GLoRA", "T-LoRA (a rank for every time step)"
UNSERVED = {
    "oft_blocks": OFT,
    "oft_diag": OFT,
    "rescale": OFT,
    "a1.weight": GLORA,
    "a2.weight": GLORA,
    "b1.weight": GLORA,
    "b2.weight": GLORA,
    "bm1.weight": GLORA,
    "bm2.weight": GLORA,
    "lambda_layer": T_LORA,
    "q_layer.weight": T_LORA,
    "p_layer.weight": T_LORA,
    "lokr_t1": "LoKr with a Tucker core on its first factor",
    "scalar": "a trained scalar beside the weights",
    "set_weight": "whole weights set in the place of the base's",
    "reshape_weight": "a weight of another shape than the base's",
}
