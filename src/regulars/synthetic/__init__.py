"""A company whose true parameters are known: for demonstrations, for measuring speed, and for finding a planted truth again."""

from regulars.synthetic.company import Company, fill

__all__ = ["Company", "fill"]
