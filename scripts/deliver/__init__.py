"""Bring what other systems hand over into the landing area."""
