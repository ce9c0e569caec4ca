"""The dashboard's wiring: what its pages need from outside of the lake, and the process that serves it."""
