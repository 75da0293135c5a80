"""The commands of `rni`, one file per noun; `service.cli` puts them together."""
