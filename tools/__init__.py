"""Generators of the documents that are made from code, so that code and documents cannot disagree."""
