"""Requests of data subjects: export, erasure, retention, and the documents about them."""
