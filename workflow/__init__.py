"""A signal becomes a case and walks the legal path; this room knows neither files nor HTTP."""
