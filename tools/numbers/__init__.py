"""What proves the numbers. `python -m tools.refresh` is the command.

    tokens      which numbers a reader of a text sees
    fields      a text with fields, ``{= dw[0] =}``, and how it is rendered, before and after an edit
    in_kernel   evaluates fields, inside the kernel of a notebook
    execute     runs a notebook, always under the same conditions
    normalise   the one form in which a run is committed
    proof       a notebook refreshed in memory, and what differs from the file
    in_pytest   takes the run that nbval makes, and proves the whole file with it
    mutations   changes every displayed digit: the proof sees each of them

Each imports only from those above it.
"""
