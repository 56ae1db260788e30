"""What all REST endpoints share: errors, pagination, schema."""
