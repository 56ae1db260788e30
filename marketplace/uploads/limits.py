"""How much a creator may upload, and how long the hub waits for news of it."""

from datetime import timedelta

MIB = 2**20
PART_BYTES = 5 * MIB  # the smallest that S3 takes for any part but the last
MAX_FILE_BYTES = 8 * 2**30
MAX_LORA_BYTES = 2**30
MAX_LORA_HEADER_BYTES = MIB
MAX_RANK = 256
MAX_OPEN_UPLOADS = 5

MAX_ATTEMPTS = 3
ABANDONED_AFTER = timedelta(hours=24)

# Refused files are kept for questions and appeals, but nobody fills the store with them.
QUARANTINE_TIME = timedelta(days=7)
MAX_QUARANTINED_BYTES = 16 * 2**30
MAX_QUARANTINED_FILES = 50
# Making a LoRA of a model of SDXL's size, and pictures of both on a CPU.
EXTRACTION_PATIENCE = timedelta(hours=1)


def patience(size: int) -> timedelta:
    """How long a check or a conversion of so many bytes may give no news before it is sent again."""
    return timedelta(seconds=60 + size // (16 * MIB))
