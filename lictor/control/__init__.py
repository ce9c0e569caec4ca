"""How people reach a running service: a socket, whose kernel says who asks."""
