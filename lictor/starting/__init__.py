"""How a command is started, held back and let go, one module for each system."""
