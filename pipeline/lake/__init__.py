"""The lake: where rows are kept, and how they are asked for.

To read it in the order of a row's way: ``rows`` (what a batch keeps), ``frames`` (bytes of the
log), ``wal`` (its file), ``writer``; ``segments`` and ``commits`` (Parquet and what vouches for
it), ``hours`` (what is counted on the way), ``seal`` (from one to the other, also after a crash); ``snapshot`` (both
at one moment), ``reader`` and its ``worker`` process, which ``sandbox`` and ``landlock`` lock down before
``engine`` lets DuckDB run a person's SQL; ``standing`` and its ``standing_worker``, which stays and remembers
(``standing_state``, ``live_logs``, ``kept``). ``layout`` says where files lie, ``errors`` what can go wrong.
"""
