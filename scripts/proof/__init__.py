"""The proof, from the SQL alone, that personal data stays where it is declared."""
