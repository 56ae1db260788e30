"""What changing and mixing adapters costs on a GPU, beside what the card itself could do and what diffusers does."""
