"""Generation requests from click to image: quotes, jobs out, results in, the reaper."""
