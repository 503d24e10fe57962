"""What is said in a scan, by Whisper: words with times and confidence, doubtful ones told apart."""
