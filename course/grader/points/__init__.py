"""What decides points: the references, the questions, and the comparison. No student's code runs here."""
