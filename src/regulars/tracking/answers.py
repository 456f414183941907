"""Answers to surveys and ratings of products: `Survey Invited`, `Started`, `Answered`, `Finished`, `Product Reviewed`.

An answer is `measure` (nps, csat, ces, rating, other) and `score`, or a field of that name (`nps: 9`), with `text`; several stand in `answers`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from regulars.tracking.amounts import flag, given, real, text
from regulars.tracking.calls import Refusal
from regulars.tracking.rows import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.tracking.books import Books
    from regulars.tracking.projection import Located

_SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}
MEASURES = (*_SCALES, "rating", "other")
MAX_ANSWERS = 200
MAX_TEXT = 10_000


def state(name: str) -> Callable[[Located, Books], list[Part]]:
    """What makes the row of an invitation, a start or the finish."""

    def parts(one: Located, _: Books) -> list[Part]:
        said = one.call.properties
        response = _response_id(one)
        part = Part(name, response, one.call.occurred_at, one.call.occurred_at)
        part.add(
            "responses",
            {"response_id": response, "survey_id": _survey(said), "state": name, "stage": text(said, "stage", "touchpoint")},
        )
        return [part]

    return parts


def answered(one: Located, _: Books) -> list[Part]:
    """A row for each answer; an answer to the same question of the same questionnaire is a new version of it."""
    said = one.call.properties
    listed = said.get("answers")
    if listed is None:
        return [_answer(one, said)]
    if not isinstance(listed, list) or len(listed) > MAX_ANSWERS or not all(isinstance(answer, dict) for answer in listed):
        raise Refusal("bad_answers", f"the answers are no list of at most {MAX_ANSWERS} objects")
    return [_answer(one, {**said, **answer}) for answer in listed]


def reviewed(one: Located, _: Books) -> list[Part]:
    """A review of a product with a rating or a text is an answer; another is an event only."""
    said = one.call.properties
    words = text(said, "review_body", "text", "review", most=MAX_TEXT)
    if not given(said, "rating") and words is None:
        return []
    response = text(said, "review_id") or one.call.message_id
    return [_answer(one, {**said, "response_id": response, "survey_id": "product_review", "text": words})]


def _answer(one: Located, said: Mapping[str, Any]) -> Part:
    measure = _measure(said)
    score = real(said, "score", measure, "rating")
    words = text(said, "text", "comment", "feedback", most=MAX_TEXT)
    if score is None and words is None:
        raise Refusal("no_answer", "the answer has neither a score nor a text")
    low, high = _scale(said, measure, score)
    if score is not None and not low <= score <= high:
        raise Refusal("off_scale", f"the score lies outside its scale of {low:g} to {high:g}")
    question = text(said, "question", "question_id", "question_name") or measure
    response = text(said, "response_id") or _response_id(one)
    good = flag(said, "high_is_good")
    part = Part(f"answer {question}", response, one.call.occurred_at, one.call.occurred_at)
    values = {
        "response_id": response,
        "survey_id": _survey(said),
        "state": "answered",
        "question": question,
        "measure": measure,
        "score": score,
        "scale_min": low,
        "scale_max": high,
        "high_is_good": True if good is None else good,
        "stage": text(said, "stage", "touchpoint", "funnel_stage"),
        "text": words,
    }
    part.add("responses", values)
    return part


def _measure(said: Mapping[str, Any]) -> str:
    named = text(said, "measure", "survey_type", "metric")
    if named is not None and named.lower() in MEASURES:
        return named.lower()
    return next((name for name in (*_SCALES, "rating") if given(said, name)), "rating" if "score" in said else "other")


def _scale(said: Mapping[str, Any], measure: str, score: float | None) -> tuple[float, float]:
    """The scale that is said, else the measure's own, else the usual one that holds the score."""
    low, high = real(said, "scale_min"), real(said, "scale_max")
    own = _SCALES.get(measure)
    if own is None:
        reached = 1.0 if score is None else score
        own = (min(1.0, math.floor(reached)), next((top for top in (5.0, 7.0, 10.0, 100.0) if reached <= top), reached))
    return (own[0] if low is None else low, own[1] if high is None else high)


def _survey(said: Mapping[str, Any]) -> str | None:
    return text(said, "survey_id", "survey", "survey_name", "form_id")


def _response_id(one: Located) -> str:
    """The questionnaire that is named, else the person's copy of the survey, else the call's own."""
    said = one.call.properties
    named = text(said, "response_id", "submission_id")
    survey = _survey(said)
    if named is not None:
        return named
    return f"{survey}/{one.identity_id}" if survey and one.identity_id else one.call.message_id
