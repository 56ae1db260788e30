"""The loop that owns the device and runs every generation of this worker on it."""
