"""The page Overview: the review's sentence, figures and charts, live."""
