"""Who Lictor is on a system and where its folders are, one light module for each kind; ``lictor.here`` chooses."""
