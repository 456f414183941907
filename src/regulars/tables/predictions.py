"""predictions: one row is a predicted value for a customer as of an instant."""

from regulars.tables.schema import Column, Erase, Table, Type

PREDICTIONS = Table(
    name="predictions",
    row_is="a predicted value for a customer as of an instant",
    own_columns=(
        Column(name="name", type=Type.STRING, meaning="what is predicted", required=True),
        Column(name="value", type=Type.REAL, meaning="the prediction", required=True),
        Column(name="low", type=Type.REAL, meaning="lower end of its interval"),
        Column(name="high", type=Type.REAL, meaning="upper end of its interval"),
        Column(name="reasons", type=Type.STRING, meaning="why, as a JSON array", erase=Erase.BLANK),
        Column(name="model_version", type=Type.STRING, meaning="the model and its version", required=True),
    ),
)
