"""Receivers for tests of exports: real daemons where there are such, else small servers that answer as the vendors document."""
