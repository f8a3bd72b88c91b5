"""nbgrader's configuration for this course. The grader in grader/ reads it too."""

import os

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "cnnlab"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))

# The default gradebook is the file gradebook.db in this folder. For another database, name it here, for example:
# c.CourseDirectory.db_url = "postgresql://grader@localhost/gradebook"

c.ClearSolutions.code_stub = {"python": "# Write your code here.\nraise NotImplementedError"}
c.ClearSolutions.text_stub = "Write your answer here."
