"""Whose rows are tried, as who tries would say it."""

OWN, COLLEAGUE, FOREIGN, TRAVELLER = "own", "another person's", "another tenant's", "a traveller's"
