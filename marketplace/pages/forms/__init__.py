"""Forms read what people typed; the services decide whether it may be done."""
