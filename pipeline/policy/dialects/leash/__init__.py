"""StrongDM Leash's Cedar policies: `reader` takes them in."""
