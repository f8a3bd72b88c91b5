"""What runs beside the student's code: it knows no expected value, no points and no other submission."""
