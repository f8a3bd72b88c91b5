"""The course: five problem sets and the grader whose points come from outside the student's process."""
