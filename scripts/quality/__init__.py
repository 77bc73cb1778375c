"""Run history, failing rows and alerts: what dbt's hooks hand over, written into the warehouse or sent."""
