"""Tests that plugin authors inherit: subclass a contract, provide the component, run pytest."""
