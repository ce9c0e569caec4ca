"""Microsoft MXC configurations: `reader` takes them in, `export` writes them."""
