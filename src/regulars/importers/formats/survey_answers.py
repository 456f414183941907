"""Answers to survey questions: one row an answer, with a score or a text.

A column called nps, csat or ces says what is measured; a column called rating or score says only that something is rated, and
`--map rating=nps` says that it is the likelihood to recommend.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows
from regulars.importers.formats.orders import ACCOUNT_ID, CUSTOMER_ID, EMAIL, identity_drafts

_SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}
_MEASURES = (*_SCALES, "rating", "other")

FIELDS = (
    Field("response_id", Kind.ID, "the answer's id", ("id", "answer_id", "submission_id"), preferred=True),
    CUSTOMER_ID,
    EMAIL,
    ACCOUNT_ID,
    Field("answered_at", Kind.INSTANT, "when it was answered",
          ("survey_date", "response_date", "date", "submitted_at", "created_at", "answer_date", "responded_at", "timestamp", "review_date"),
          needs_value=True, preferred=True),
    Field("nps", Kind.NUMBER, "likelihood to recommend, 0 to 10", ("nps_score", "likelihood_to_recommend", "recommend_score")),
    Field("csat", Kind.NUMBER, "satisfaction, 1 to 5", ("csat_score", "satisfaction")),
    Field("ces", Kind.NUMBER, "ease, 1 to 7", ("ces_score", "effort_score")),
    Field("rating", Kind.NUMBER, "a score on another scale", ("score", "stars", "grade"), preferred=True),
    Field("text", Kind.TEXT, "free text", ("comment", "feedback", "review_text", "answer", "verbatim"), preferred=True),
    Field("measure", Kind.TEXT, "nps, csat, ces, rating or other, row by row", ("metric", "survey_type")),
    Field("scale_min", Kind.NUMBER, "lowest answer of the scale"),
    Field("scale_max", Kind.NUMBER, "highest answer of the scale"),
    Field("high_is_good", Kind.BOOLEAN, "whether a high answer is a good one"),
    Field("survey_id", Kind.ID, "the survey", ("survey", "survey_name", "form_id")),
    Field("question", Kind.TEXT, "the question", ("question_text", "question_name", "question_id"), preferred=True),
    Field("stage", Kind.TEXT, "step of the journey it asks about", ("journey_stage", "touchpoint", "funnel_stage"), preferred=True),
)  # fmt: skip


def _measure(rows: Rows) -> str:
    return next((name for name in ("nps", "csat", "ces", "rating") if rows.has(name)), "other")


def _measures(rows: Rows) -> pa.Array:
    by_column = _measure(rows)
    if not rows.has("measure"):
        return rows.constant(by_column)
    said = pc.utf8_lower(pc.utf8_trim_whitespace(rows["measure"]))
    return pc.if_else(pc.is_in(said, value_set=pa.array(_MEASURES)), said, by_column)


def _scale(rows: Rows, measures: pa.Array) -> tuple[pa.Array, pa.Array]:
    low, high = _seen_scale(rows)
    lowest, highest = rows.constant(low), rows.constant(high)
    for measure, (bottom, top) in _SCALES.items():
        is_it = pc.equal(measures, measure)
        # A satisfaction of 8 is no answer on 1 to 5: then the scale is the one seen.
        if measure != "csat" or rows.around.highest.get("csat", 0) <= 5:
            lowest, highest = pc.if_else(is_it, bottom, lowest), pc.if_else(is_it, top, highest)
    return pc.coalesce(rows.real("scale_min"), lowest), pc.coalesce(rows.real("scale_max"), highest)


def _seen_scale(rows: Rows) -> tuple[float, float]:
    """The usual scale that holds all scores of the file."""
    column = _measure(rows)
    low, high = rows.around.lowest.get(column, 1.0), rows.around.highest.get(column, 5.0)
    top = next((t for t in (5.0, 7.0, 10.0, 100.0) if high <= t), high)
    return (min(low, 0.0) if low < 1 else 1.0), top


def shape(rows: Rows) -> list[Draft]:
    person = rows.person("customer_id", "email", "account_id")
    at = rows["answered_at"]
    measures = _measures(rows)
    low, high = _scale(rows, measures)
    score = rows.real(_measure(rows)) if _measure(rows) != "other" else pa.nulls(len(rows), pa.float64())
    columns = {
        "response_id": rows["response_id"] if rows.has("response_id") else _made_up_id(rows),
        "survey_id": rows["survey_id"],
        "state": "answered",
        "question": pc.coalesce(rows["question"], measures),
        "measure": measures,
        "score": score,
        "scale_min": low,
        "scale_max": high,
        "high_is_good": pc.fill_null(rows["high_is_good"], True),
        "stage": rows["stage"],
        "text": rows["text"],
    }
    return [
        Draft("responses", rows, "answer", at, columns, person, rows["account_id"]),
        *identity_drafts(rows, at, "customer_id", "email"),
    ]


def _made_up_id(rows: Rows) -> pa.Array:
    """Without an id an answer is known by who gave it, and when."""
    who = pc.fill_null(rows.person("customer_id", "email", "account_id"), "anonymous")
    return pc.binary_join_element_wise(who, pc.strftime(rows["answered_at"], format="%Y-%m-%dT%H:%M:%S"), "@")


def thing(rows: Rows) -> pa.Array:
    question = pc.fill_null(rows["question"], "") if rows.has("question") else _measures(rows)
    return pc.binary_join_element_wise(rows["response_id"], question, "/")


def _off_scale(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    measure = _measure(rows)
    nothing = pc.and_(pc.is_null(rows[measure]), pc.is_null(rows["text"])) if measure != "other" else pc.is_null(rows["text"])
    problems = [(nothing, "missing_value", "there is neither a score nor a text")]
    if measure != "other":
        low, high = _scale(rows, _measures(rows))
        score = rows.real(measure)
        problems.append((pc.or_(pc.less(score, low), pc.greater(score, high)), "off_scale", "the score lies outside its scale"))
    return problems


def _notes(bound: frozenset[str]) -> list[str]:
    if "rating" in bound and "measure" not in bound:
        return ["the scores are kept as ratings; if they say how likely a customer is to recommend you, map the column: --map COLUMN=nps"]
    return []


SURVEY_ANSWERS = Format(
    name="survey_answers",
    title="survey answers",
    fields=FIELDS,
    needs=(("answered_at",), ("nps", "csat", "ces", "rating", "text")),
    marks=("nps", "csat", "ces", "rating"),
    anchor="responses",
    tables=("responses",),
    shape=shape,
    thing=thing,
    refuse=_off_scale,
    notes=_notes,
)
