"""responses: one row is a step in answering a survey: an invitation, a start, the answer to a question, the finish."""

from regulars.tables.schema import Column, Erase, Table, Type

RESPONSES = Table(
    name="responses",
    row_is="a step in answering a survey: an invitation, a start, the answer to a question, the finish",
    own_columns=(
        Column(name="response_id", type=Type.STRING, meaning="the questionnaire of one person", required=True, erase=Erase.FRESH),
        Column(name="survey_id", type=Type.STRING, meaning="the survey"),
        Column(name="state", type=Type.STRING, meaning="invited, started, answered or finished", required=True),
        Column(name="question", type=Type.STRING, meaning="the question's name"),
        Column(name="measure", type=Type.STRING, meaning="nps, csat, ces, rating or other"),
        Column(name="score", type=Type.REAL, meaning="the answer on its own scale"),
        Column(name="scale_min", type=Type.REAL, meaning="lowest answer of the scale"),
        Column(name="scale_max", type=Type.REAL, meaning="highest answer of the scale"),
        Column(name="high_is_good", type=Type.BOOLEAN, meaning="direction of the scale"),
        Column(name="stage", type=Type.STRING, meaning="funnel stage or step of the journey it asks about"),
        Column(name="text", type=Type.STRING, meaning="free text", erase=Erase.BLANK),
        Column(name="polarity", type=Type.REAL, meaning="attitude of the text from -1 to 1, where a model has read it"),
        Column(name="polarity_model", type=Type.STRING, meaning="the model that read it"),
    ),
)
