"""events: one row is anything a customer did."""

from regulars.tables.schema import Column, Erase, Table, Type

EVENTS = Table(
    name="events",
    row_is="anything a customer did",
    own_columns=(
        Column(name="name", type=Type.STRING, meaning="Segment name: Object + past-tense verb", required=True),
        Column(name="product_id", type=Type.STRING, meaning="product it concerns"),
        Column(name="properties", type=Type.STRING, meaning="the event's properties, as a JSON object", erase=Erase.BLANK),
    ),
)
