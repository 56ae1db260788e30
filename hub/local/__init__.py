"""The embedded stack: everything that `irodori up` starts on a laptop, each part a real server in its own process."""
