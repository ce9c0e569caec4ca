"""What the page about agents computes: how much risk an agent is, and why."""
