"""What the page about findings computes: which ones, what each rests on, how it stands, and the pack of its evidence."""
