"""Moving pictures and sound as files: probe, decode, encode, frame tables. No Django here."""
