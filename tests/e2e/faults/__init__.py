"""`make faults`: the whole hub on PostgreSQL, raced and killed, and then its books are checked."""
