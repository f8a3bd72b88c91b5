"""When a set is due, who has longer, and what lateness costs.

nbgrader's gradebook holds the due date of each set and the time of each submission, in UTC. `course/late.json` holds what
it has no place for: the time zone in which dates are read and shown, a grace period, and the penalty. The roster's column
`extension` says who has longer. Without that file nothing is ever taken off.
"""

import json
import math
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.utils import parse_utc

DAY = timedelta(days=1)
UNITS = {"d": "days", "h": "hours", "m": "minutes"}
EXTENSION = re.compile(
    r"(?:(?P<set>[A-Za-z]\w*)\s*[:=]\s*)?(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>d|days?|h|hours?|min|minutes?|)"
)
WHEN = re.compile(
    r"(?<=at the place)( and by the date that your course gives| that your course gives, by [^\n]+)\."
)


@dataclass(frozen=True)
class Policy:
    """What holds for all sets of a course.

    zone     the time zone of all dates, by its name in the IANA database
    grace    minutes after the due date that count as on time
    percent  of the points earned, taken off for each day begun after the due date
    most     percent that are taken off at most
    """

    zone: str = "UTC"
    grace: float = 0
    percent: float = 0
    most: float = 100

    def __post_init__(self):
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"There is no time zone {self.zone!r}. Its name is one like Europe/Berlin, America/New_York or UTC."
            ) from error
        if not (self.grace >= 0 and 0 <= self.percent <= 100 and 0 <= self.most <= 100):
            raise ValueError(
                "The grace period is 0 minutes or more, and both percentages lie between 0 and 100."
            )

    def share(self, seconds):
        """The share of the points that is taken off for so many seconds after the due date, from 0 to 1."""
        if seconds <= 60 * self.grace:
            return 0.0
        return min(self.percent * math.ceil(seconds / DAY.total_seconds()), self.most) / 100

    def words(self):
        """The rule as a sentence, for the sheet."""
        grace = f"{amount(timedelta(minutes=self.grace))} more cost nothing. " if self.grace else ""
        if not self.percent:
            return grace
        most = f", at most {self.most:g}%" if self.most < 100 else ""
        return f"{grace}After that, each day begun costs {self.percent:g}% of the points earned{most}. "


def read(path):
    """The policy in a file; the usual one if there is none. Raises ValueError with what is wrong."""
    try:
        return Policy(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Policy()
    except TypeError as error:
        raise ValueError(
            f"{path}: {error}. `.venv/bin/python -m course.grader late` writes it anew."
        ) from error


def text(policy):
    """The policy as the content of its file."""
    return json.dumps(asdict(policy), indent=1) + "\n"


def due(words, policy):
    """A date as a person types it, in the policy's zone -> naive UTC, as nbgrader keeps it."""
    try:
        typed = datetime.fromisoformat(words.strip())
    except ValueError:
        raise ValueError(f"{words!r} is no date. Write it like this: 2027-03-05 18:00") from None
    return in_utc(typed, policy)


def in_utc(moment, policy):
    """A time, in the policy's zone if it names none, as naive UTC."""
    known = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(policy.zone))
    return known.astimezone(UTC).replace(tzinfo=None)


def handed_in(words, policy):
    """A time as Moodle's worksheet writes it -> naive UTC, or None where it cannot be read."""
    try:
        return in_utc(parse_utc(" ".join(words.split())), policy)
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None


def told(moment, policy):
    """A time of the gradebook in words, in the policy's zone."""
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(policy.zone))
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} ({policy.zone})"


def amount(length):
    """A length of time in words, in its two largest units."""
    minutes = math.ceil(length.total_seconds() / 60)
    parts = [
        (minutes // 1440, "day"),
        (minutes // 60 % 24, "hour"),
        (minutes % 60, "minute"),
    ]
    first = next((i for i, (count, _) in enumerate(parts) if count), 2)
    words = [f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts[first : first + 2] if n]
    return " ".join(words) or "0 minutes"


def extension(words, assignment):
    """How much longer the roster's words give for a set: a timedelta, zero if nothing.

    words: `2 days` for every set, `ps1: 3 days; ps3: 12 hours` for some. Raises ValueError with what cannot be read.
    """
    found = timedelta()
    for entry in filter(None, (part.strip() for part in re.split(r"[;,]", words))):
        match = EXTENSION.fullmatch(entry)
        if not match:
            raise ValueError(f"{entry!r} is no extension. Write `2 days`, or `ps1: 3 days; ps3: 12 hours`")
        if match["set"] in (None, assignment):
            unit = UNITS[(match["unit"] or "d")[0]]
            found = max(found, timedelta(**{unit: float(match["number"])}))
    return found


def dated(source, moment, policy):
    """The sheet's first cell with the due date in it; moment: naive UTC, or None for no date."""
    by = (
        f" that your course gives, by **{told(moment, policy)}**. {policy.words()}".rstrip() if moment else ""
    )
    return WHEN.sub(by or " and by the date that your course gives.", source)
