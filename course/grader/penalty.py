"""nbgrader's plugin for late submissions, with the course's rule."""

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

from .dates import Policy


class LatePenalty(LateSubmissionPlugin):
    """Takes a share of the points earned for each day begun after the due date. Its settings are those of a `Policy`."""

    grace = Float(0, help="Minutes after the due date that count as on time.").tag(config=True)
    percent = Float(0, help="Percent of the points earned, taken off for each day begun.").tag(config=True)
    most = Float(100, help="Percent that are taken off at most.").tag(config=True)

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        """Points to take off; None for nothing."""
        policy = Policy(grace=self.grace, percent=self.percent, most=self.most)
        return score * policy.share(total_seconds_late) or None
