"""Codex's configuration: `reader` takes it in."""
