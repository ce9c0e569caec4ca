"""What the activity explorer computes: its filters and predefined sets, its facets, and how far back its rows reach."""
