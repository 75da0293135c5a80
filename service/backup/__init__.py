"""Database and files as one set: made while people work, and put back on an empty machine."""
