"""The command line: `app-db <noun> <verb>`. Each file is one noun and imports what it needs when it runs."""
