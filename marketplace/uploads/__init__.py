"""Files on their way in: multipart upload, checks, conversion to a pack."""
