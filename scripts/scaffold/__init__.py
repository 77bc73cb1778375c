"""Propose a source's layout and staging model from a sample file."""
