"""Where finished events go: one file per receiver, all behind ``interface``; ``catalog`` finds the one a URL means."""
