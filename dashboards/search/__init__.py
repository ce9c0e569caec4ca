"""What the audit search computes: its filters from the address, slices of time, saved searches."""
