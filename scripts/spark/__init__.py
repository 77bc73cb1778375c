"""The same warehouse on a Spark engine: see docs/scaling-out.md."""
