"""Adapter slots: any mix of LoRAs in one forward, each sample with its own, none of them written into the base."""
