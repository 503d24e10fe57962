"""What a description says and how it travels: one format a file, without Django."""
