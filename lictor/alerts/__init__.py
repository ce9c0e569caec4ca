"""Alerts: a web server is told, or a command run, when something is found, done or asked, with proof of delivery."""
