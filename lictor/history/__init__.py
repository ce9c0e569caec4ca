"""History put to a policy: what is asked of the lake, how it is judged again, and what comes of it.

To read it from the ground: ``asking`` (the SQL), ``runs`` (who ran where), ``chunks`` (distinct facts in
bounded answers), ``asked`` (what a program says of them), ``order`` (rules that need the order of
events), ``sums`` (what is kept of it all). ``lictor.backtesting`` and ``lictor.suggesting`` stand on these.
"""
