"""The quality report: one HTML page about the warehouse as it is now."""
