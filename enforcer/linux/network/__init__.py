"""The network of a run: what ends its sockets, what refuses new ones, and how both are looked at again."""
