"""`make bench-ledger`: postings and balances on PostgreSQL, beside SQL written by hand."""
