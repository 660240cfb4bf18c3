"""What `adapters/run` and `adapters/page` are made of."""
