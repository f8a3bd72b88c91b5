"""The walls around the student's code: `roads` builds them from outside, all in `inside` runs within."""
