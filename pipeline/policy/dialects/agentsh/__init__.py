"""agentsh policies: `reader` takes them in."""
