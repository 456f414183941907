"""supersessions: one row is "this row of that load is replaced since"."""

from regulars.tables.schema import Column, Erase, Table, Type

SUPERSESSIONS = Table(
    name="supersessions",
    row_is='"this row of that load is replaced since"',
    own_columns=(
        Column(name="table_name", type=Type.STRING, meaning="the table of the replaced row", required=True),
        Column(name="superseded_key", type=Type.STRING, meaning="row_key of the replaced row", required=True, erase=Erase.FRESH),
        Column(name="superseded_source", type=Type.STRING, meaning="source of the replaced row", required=True),
        Column(name="superseded_load_id", type=Type.STRING, meaning="load_id of the replaced row", required=True),
    ),
)
