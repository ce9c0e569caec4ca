"""The dashboard as a person has it: served in a process of its own and looked at in Chromium. Tests, screenshots and measurements share it."""
