"""What the page about a run computes: its time, its lanes, its tree, and what may be done to it."""
