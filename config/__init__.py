"""Settings and personas: text from outside, checked once and then typed."""
