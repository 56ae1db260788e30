"""`make bench-api`: what the hub's API adds to a bare view of the framework."""
