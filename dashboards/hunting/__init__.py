"""What the hunting page computes: the catalogue as rows, parameters as form fields, and charts of any result."""
