"""What a signal is: its shape, its value types and its words; imports nothing of ours."""
