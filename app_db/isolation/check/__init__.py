"""Rules about isolation, for the catalogue of any database: it only reads."""
