"""What the APIs share by which other people's programs speak to the hub: ids of models, fields, pictures, waiting."""
