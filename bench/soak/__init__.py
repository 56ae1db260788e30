"""Ten thousand operations on one engine, every image compared: no wrong picture, no change of the base, no growing memory."""
