"""tickets: one row is a step in the life of a support case."""

from regulars.tables.schema import Column, Erase, Table, Type

TICKETS = Table(
    name="tickets",
    row_is="a step in the life of a support case",
    own_columns=(
        Column(name="ticket_id", type=Type.STRING, meaning="the case", required=True, erase=Erase.FRESH),
        Column(name="step", type=Type.STRING, meaning="opened, replied, resolved, reopened, closed or rated", required=True),
        Column(name="priority", type=Type.STRING, meaning="priority"),
        Column(name="channel", type=Type.STRING, meaning="where it came in"),
        Column(name="topic", type=Type.STRING, meaning="topic"),
        Column(name="handled_by", type=Type.STRING, meaning="bot or person: who took this step"),
        Column(name="score", type=Type.REAL, meaning="rating given (step rated)"),
        Column(name="scale_min", type=Type.REAL, meaning="lowest rating"),
        Column(name="scale_max", type=Type.REAL, meaning="highest rating"),
        Column(name="polarity", type=Type.REAL, meaning="attitude of the text from -1 to 1, where a model has read it"),
        Column(name="text", type=Type.STRING, meaning="free text", erase=Erase.BLANK),
    ),
)
