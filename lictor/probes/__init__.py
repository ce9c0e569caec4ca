"""Live probes of ``lictor doctor``: each a small function that tries one thing and says what it found."""
