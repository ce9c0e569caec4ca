"""What the files of a lake need of the operating system, one module for each kind; ``pipeline.lake.files`` chooses."""
