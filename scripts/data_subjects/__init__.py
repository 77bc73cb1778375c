"""Requests of the persons whose data it is: export, erasure, holds, retention, and the record of processing."""
