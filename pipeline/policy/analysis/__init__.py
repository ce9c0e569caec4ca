"""What can be said of a policy without any history: its faults, how much it leaves open, why an event gets its verdict.

To read it from the ground: ``regexes``, ``automata`` and ``cover`` (what one pattern has to do with
another), ``spans`` (the same of addresses and ports), ``reach`` (which rules look at the same events),
``keys`` (one match against another), ``samples`` (an event that a rule speaks of). On these stand
``lint`` with its checks, ``permissiveness`` with its ``probes``, ``why`` and ``smallest`` (``views``, ``candidates``, ``changes``,
``neighbours``, ``proposals``), and ``compare`` (``differences``, ``effects``).
"""
