"""exchange_rates: one row is the rate of a currency on a day."""

from regulars.tables.schema import Column, Table, Type

EXCHANGE_RATES = Table(
    name="exchange_rates",
    row_is="the rate of a currency on a day",
    own_columns=(
        Column(name="on_date", type=Type.DATE, meaning="the day", required=True),
        Column(name="currency", type=Type.STRING, meaning="ISO 4217 code of the currency", required=True),
        Column(name="to_currency", type=Type.STRING, meaning="ISO 4217 code of the currency it is worth", required=True),
        Column(name="rate", type=Type.REAL, meaning="one unit of currency in to_currency, major units", required=True),
    ),
)
