"""Policies of other products: ``interface`` says what a dialect must do, ``registry`` which there are."""
