"""How fast the warehouse loads and answers, against plain DuckDB on the same landing area and machine."""
