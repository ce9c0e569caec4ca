"""Hooks of agents: the same policy answers before the act that the kernel checks after it."""
