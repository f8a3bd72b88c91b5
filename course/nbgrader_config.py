"""nbgrader's configuration for this course. The grader in grader/ reads it too."""

import os

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "cnnlab"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))

# The default gradebook is the file gradebook.db in this folder. For another database, name it here, for example:
# c.CourseDirectory.db_url = "postgresql://grader@localhost/gradebook"

c.ClearSolutions.code_stub = {"python": "# Write your code here.\nraise NotImplementedError"}
c.ClearSolutions.text_stub = "Write your answer here."

# How `nbgrader zip_collect` reads a downloaded file's name. This is Canvas's pattern, NAME_NUMBER_NUMBER_ps1.ipynb;
# write your platform's own here, with the groups student_id and file_id.
c.FileNameCollectorPlugin.named_regexp = r".*?(?P<student_id>[^_/]+)_[^/]*?(?P<file_id>ps[1-5])[^/]*\.ipynb$"
