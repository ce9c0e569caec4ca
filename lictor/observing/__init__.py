"""Lictor watches itself: numbers, traces and report lines of its own service, sent to an OpenTelemetry receiver."""
