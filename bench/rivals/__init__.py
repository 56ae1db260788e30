"""What others do today, written as a good user of diffusers would: public API only."""
