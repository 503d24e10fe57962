"""What is new in an open room, told at once: runs, notes, decisions, words, who is here."""
