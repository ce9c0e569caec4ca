"""Exports: destinations from the command line or a file, their secrets, and the running of them until a signal comes."""
