"""``lictor watch`` as a service of Windows, and its way onto a machine and off it: ``python -m lictor.winservice``."""
