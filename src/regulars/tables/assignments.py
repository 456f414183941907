"""assignments: one row is the arm of an experiment that a customer fell into."""

from regulars.tables.schema import Column, Table, Type

ASSIGNMENTS = Table(
    name="assignments",
    row_is="the arm of an experiment that a customer fell into",
    own_columns=(
        Column(name="experiment", type=Type.STRING, meaning="the experiment", required=True),
        Column(name="arm", type=Type.STRING, meaning="the arm, for example treatment or holdout", required=True),
    ),
)
