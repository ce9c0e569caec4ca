"""``python -m lictor``: the command line where its script is not on PATH."""

from lictor.cli.entry import main

main()
