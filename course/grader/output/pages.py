"""nbgrader's feedback pages, made in processes of their own: this module imports little until it is used."""

import signal

PAGE_SECONDS = 60  # a page takes one or two; a letter may be written so that it takes hours


def feedback_page(root, assignment, student):
    """Runs in a process of its own: nbgrader's converter for one student. Whether it made the page in time."""
    from nbgrader.apps.api import NbGraderAPI

    from ..course import Course

    course = Course(root)
    api = NbGraderAPI(course.directory, config=course.config)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PAGE_SECONDS)
    try:
        return api.generate_feedback(assignment, student_id=student, force=True)["success"]
    except TimeoutError:
        return False
    finally:
        signal.alarm(0)


def give_up(number, frame):
    raise TimeoutError(f"the page was not made in {PAGE_SECONDS} seconds")
