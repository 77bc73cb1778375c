"""Whether a test notices when a rule of core is broken."""
