"""What the page about held runs and quarantine computes and draws: open questions, what was decided, files that were taken away."""
