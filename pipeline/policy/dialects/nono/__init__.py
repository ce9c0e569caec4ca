"""nono's profiles and capability manifests: `reader` takes them in."""
