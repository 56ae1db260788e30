"""How often one may ask: limits, what is counted for whom, and the headers that say how one stands to them."""
