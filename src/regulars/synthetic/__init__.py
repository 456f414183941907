"""A company whose true parameters are known: for demonstrations, for measuring speed, and for finding a planted truth again."""

from regulars.synthetic.company import fill
from regulars.synthetic.stories import Channel, Company, Saas, Shop
from regulars.synthetic.truth import Truth, truth

__all__ = ["Channel", "Company", "Saas", "Shop", "Truth", "fill", "truth"]
