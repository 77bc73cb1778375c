"""Land files and tables that other systems deliver."""
