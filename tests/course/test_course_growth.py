"""How the course grows with its class: the arithmetic of the record, and what the record has to say."""

from bench import course_growth


def test_growth_is_that_of_the_two_largest_classes_of_a_kind():
    def row(students, graded, seconds):
        used = {"processor_seconds": seconds, "megabytes": 150}
        return {"students": students, "graded": graded} | dict.fromkeys(course_growth.STEPS, used)

    found = course_growth.exponents(
        [row(100, 100, 9), row(200, 200, 18), row(1000, 24, 10), row(10_000, 24, 1000)]
    )
    assert found["grade"] == {"processor_seconds": 1, "megabytes": 0}
    assert found["feedback"] == found["enter copies"] == {"processor_seconds": 2, "megabytes": 0}


def test_handing_back_costs_less_than_grading_and_nothing_grows_faster_than_the_class():
    rows = course_growth.recorded()
    assert {100, 200, 300, 10_000} <= set(rows)
    for row in rows.values():
        if row["graded"] == row["students"]:
            assert row["feedback"]["seconds"] + row["tables"]["seconds"] < row["grade"]["seconds"]
    growth = course_growth.exponents([rows[size] for size in sorted(rows)])
    assert all(each["processor_seconds"] < 1.1 and each["megabytes"] < 0.5 for each in growth.values()), (
        growth
    )
