"""Whether an installation is as we promise it: every invariant looked at in one snapshot, and nothing changed."""
