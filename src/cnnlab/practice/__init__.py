"""Practice: questions without end for each thing that a person can do with a pencil.

draw     one question with its numbers, and what each mistake would give
skills   the fourteen skills of the book, and how each is asked
bank     all questions of a skill, from fixed seeds
"""

from cnnlab.practice.bank import bank, skill_of
from cnnlab.practice.draw import Drawn, Slip, Solution
from cnnlab.practice.skills import SKILLS, Skill

__all__ = ["SKILLS", "Drawn", "Skill", "Slip", "Solution", "bank", "skill_of"]
