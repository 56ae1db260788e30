"""`make smoke`: the main job over HTTP, as a browser and a program do it, on an empty stack."""
