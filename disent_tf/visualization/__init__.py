"""Pictures of models: arrays first, then files."""
