"""Questions to the lake, as SQL files with their metadata on top: views that people ask by name, and hunts."""
