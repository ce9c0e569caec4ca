"""Places of enforcement: ``interface`` says what one must tell, ``order`` which there are and which comes first."""
