"""The sealed grader.

    reading    finds the answers in a notebook that may be broken, on purpose or not
    sandbox/   the walls around a student's code; all that runs beside it is in sandbox/inside/
    points/    decides points: the grader's own references, the questions, the comparison
    dates      due dates, extensions, and what lateness costs; `penalty` is nbgrader's plugin for it
    output/    what comes out: kept results, gradebook, feedback pages, tables, whom to look at
    run        a whole class, with `workers` (this machine's cores or a cluster) and `course` (folders and nbgrader)

Read it in this order: `points.variants` (what the sets ask for), `points.problems` (points and questions of each set),
`sandbox.inside.worker` and `protocol` (what runs inside, and the channel to it), `sandbox.roads` (the walls),
`points.session` and `points.scoring` (one submission), `reading`, `output`, `run`.
"""
