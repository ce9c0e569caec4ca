"""Event Tracing for Windows: bytes of records in, batches of the activity schema out. Nothing here does I/O."""
