"""nbgrader's feedback pages, made in processes of their own: this module imports little until it is used."""


def feedback_pages(root, assignment, students):
    """Runs in a process of its own: nbgrader's converter for some students. Returns those whose page it could not make."""
    from nbgrader.apps.api import NbGraderAPI

    from .course import Course

    course = Course(root)
    api = NbGraderAPI(course.directory, config=course.config)
    done = {name: api.generate_feedback(assignment, student_id=name, force=True) for name in students}
    return [name for name in students if not done[name]["success"]]
