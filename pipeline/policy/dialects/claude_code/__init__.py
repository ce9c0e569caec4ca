"""Claude Code's settings: `reader` takes them in."""
