"""nbgrader's feedback pages, made in processes of their own: this module imports little until it is used."""


def feedback_pages(root, assignment, students):
    """Runs in a process of its own: nbgrader's converter for some students."""
    from nbgrader.apps.api import NbGraderAPI

    from .course import Course

    course = Course(root)
    api = NbGraderAPI(course.directory, config=course.config)
    for student in students:
        done = api.generate_feedback(assignment, student_id=student, force=True)
        if not done["success"]:
            raise RuntimeError(f"nbgrader could not make the feedback for {student}:\n{done['log']}")
