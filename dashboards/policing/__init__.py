"""What the page about policies computes and draws: what is in force, drafts, use of rules, backtests."""
