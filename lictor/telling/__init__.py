"""What was stopped and why, told to those it was stopped for: on their terminal, and in a file that hooks read.

``telling`` does it for the service; ``folder``, ``finding`` and ``reading`` are all that a hook needs, and load fast.
"""
