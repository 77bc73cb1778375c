"""Personal data: tokens, the proof that it is contained, and the search for planted persons."""
