"""Parts of ``tools.sample_lake``: who runs what when, recorded sessions moved there, and what else a lake holds."""
