"""What the service does about verdicts: wiring of the ladder with keeper, vault, people and the lake."""
