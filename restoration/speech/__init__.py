"""What is said and when: words, lines, subtitle cues and people's corrections. PURE."""
