"""What proves the formulas. `python -m tools.equations` is the command; `make test` does the same.

    grammar     reads the TeX of a formula, and refuses what it does not know
    notation    the page Notation as the list of what a letter means
    world       one draw of all arrays, and derivatives as differences of the forward pass
    settings    what a formula may be about: a convolution, a stride, a network
    evaluate    computes both sides of a formula from what is printed
    find        the equations of a page
    proof       each equation evaluated, or declared with a reason
    listing     the list of the declared ones, which a page shows
    mutations   changes every equation the way a typist does: the proof notices

Each imports only from those above it.
"""
