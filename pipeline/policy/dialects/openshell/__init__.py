"""NVIDIA OpenShell sandbox policies: `reader` takes them in, `export` writes them."""
