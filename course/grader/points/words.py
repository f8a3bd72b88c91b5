"""What is said of each mistake: the words of `cnnlab.misconceptions`, and those that only the variants need."""

from typing import NamedTuple

from cnnlab.misconceptions import CATALOGUE


class Words(NamedTuple):
    """What is said of a mistake in a graded sheet: what was done, a hint that does not give the solution, and what to read.

    section: `CHAPTER#ANCHOR` of the section of the book that explains it
    """

    name: str
    hint: str
    section: str = ""
    why: str = ""
    convention: bool = False


# Mistakes that only the variants know.
OWN = {
    "twin-forgotten": Words(
        "one of the two places of the shared weight left out",
        "Cover the weight and list every place of the kernel where it stands.",
        section="one-weight-many-connections#the-smallest-case-one-weight-used-twice",
    ),
    "twin-averaged": Words(
        "the two places of the shared weight averaged instead of added",
        "Which operation does the chain rule put between two paths that end in one parameter?",
        section="one-weight-many-connections#three-sums-that-are-easy-to-confuse",
    ),
    "ring-cut": Words(
        "what reaches over the end is left out",
        "The input is a ring: list the outputs that use its first entry, and look at the last ones.",
        section="one-dimension-by-hand#the-gradient-of-the-inputs",
    ),
    "first-instead-of-last": Words(
        "on a tie the first maximum got the gradient, the sheet asks for the last",
        "Read the sheet's rule for ties once more: it is not the book's.",
        section="max-pooling-routes#ties",
    ),
    "shared-among-maxima": Words(
        "on a tie the gradient was shared among the maxima",
        "Read the sheet's rule for ties: one entry takes it all.",
        section="max-pooling-routes#ties",
    ),
    "minimum-forgotten": Words(
        "only the maxima got a gradient",
        "The output is a difference: what happens to it when the smallest entry grows?",
        section="max-pooling-routes#what-max-does-to-a-small-change",
    ),
    "minimum-sign": Words(
        "the minima got the gradient with the wrong sign",
        "The output is a difference: what happens to it when the smallest entry grows?",
        section="max-pooling-routes#what-max-does-to-a-small-change",
    ),
    "no-routing": Words(
        "every channel of the group got the gradient",
        "What happens to the output when a channel that did not win changes a little?",
        section="max-pooling-routes#what-max-does-to-a-small-change",
    ),
    "other-factor-forgotten": Words(
        "the other factor of the kernel is missing",
        "The kernel is u times v: how much does the kernel change when one entry of u does?",
        section="two-dimensions#from-the-convolution-to-the-kernel",
    ),
    "tiles-as-one": Words(
        "both kernels got the gradient of all columns",
        "Each output column belongs to one of the two kernels.",
        section="one-weight-many-connections#then-tied",
    ),
    "tiles-swapped": Words(
        "the kernels of even and odd columns swapped",
        "The first output column has number 0, which is even.",
        section="one-weight-many-connections#then-tied",
    ),
    "first-layer-forgotten": Words(
        "only the second layer's share",
        "The kernel is used in two layers: which of the uses does your gradient see?",
        section="one-weight-many-connections#why-the-rule-holds-always",
    ),
    "second-layer-forgotten": Words(
        "only the first layer's share",
        "The kernel is used in two layers: which of the uses does your gradient see?",
        section="one-weight-many-connections#why-the-rule-holds-always",
    ),
    "mean-share-forgotten": Words(
        "only the maximum's half of the pooling has a gradient",
        "The output has two terms; the second depends on all four entries.",
        section="max-pooling-routes#average-pooling-for-contrast",
    ),
    "maximum-share-forgotten": Words(
        "only the mean's half of the pooling has a gradient",
        "The output has two terms; the first depends on one entry.",
        section="max-pooling-routes#average-pooling-for-contrast",
    ),
    "blend-not-halved": Words(
        "the factor one half is missing",
        "Write the output as a sum of two terms with their factors.",
        section="max-pooling-routes#average-pooling-for-contrast",
    ),
    "hard-targets": Words(
        "the gradient was taken against the unsmoothed target",
        "The loss compares with the smoothed target, and so does its gradient.",
        section="whole-network#bp1-the-last-layer",
    ),
    "activation-derivative-twice": Words(
        "the derivative of the activation applied twice",
        "Each tanh stands once in the forward pass.",
        section="whole-network#the-activation",
    ),
}

WORDS = {
    id: Words(known.name, known.hint, section=f"{known.chapter}#{known.section}")
    for id, known in CATALOGUE.items()
} | OWN
"""What is said of every mistake, by id: the catalogue's name and hint where the id stands there."""
