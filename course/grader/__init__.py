"""The sealed grader.

Read it in this order: `variants` (what the sets ask for, and the grader's own references), `problems` (points and
questions of each set), `worker` and `protocol` (what runs inside the sandbox and the channel to it), `sandbox` (the walls),
`scoring` (one submission), `cells` (reading a notebook that may be broken on purpose), `gradebook` and `feedback` (what
comes out), `run` (a whole class).
"""
