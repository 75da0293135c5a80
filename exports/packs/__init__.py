"""The packs of a werksessie and an evaluatiesessie: what they say (`messages`), and that as a deck, a book, a paper."""
