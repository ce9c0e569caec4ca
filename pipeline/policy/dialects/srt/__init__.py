"""Settings of Anthropic's sandbox-runtime: `reader` takes them in, `export` writes them."""
