"""Who earns from what: plans of shares, frozen at publication, and the parts of a payment they give."""
