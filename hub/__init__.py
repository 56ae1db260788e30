"""The floor: contracts, messages, settings and the command that everything else stands on."""
