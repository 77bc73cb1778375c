"""How many planted faults the anomalies find."""
