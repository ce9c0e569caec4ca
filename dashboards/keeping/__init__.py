"""What the page about health computes: how hosts were watched, what lies in the lake's folder, and how far followers have read."""
