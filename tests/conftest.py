"""Every test run has a data folder of its own, and the echo engine beside the default plugins."""

import os
import tempfile

# Set before Django reads its settings, which pytest-django does while it loads.
os.environ.setdefault("HUB_DATA_DIR", tempfile.mkdtemp(prefix="irodori-tests-"))
os.environ.setdefault("HUB_PLUGINS", "echo,sdxl,kohya_lora,peft_lora,sandbox_payments,prompt_blocklist")
