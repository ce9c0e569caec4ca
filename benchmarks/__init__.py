"""What is measured, and the machine that it was measured on. Run by ``make bench``; a person reads the figures."""
