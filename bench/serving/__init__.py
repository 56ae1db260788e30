"""What changing and mixing adapters costs, beside diffusers and peft in the same process."""
