"""order_lines: one row is one line of a purchase or refund."""

from regulars.tables.schema import Column, Erase, Table, Type

ORDER_LINES = Table(
    name="order_lines",
    row_is="one line of a purchase or refund",
    own_columns=(
        Column(name="order_id", type=Type.STRING, meaning="the order it belongs to, as in orders", required=True, erase=Erase.FRESH),
        Column(name="kind", type=Type.STRING, meaning="purchase, refund, cancellation or adjustment, as in orders", required=True),
        Column(name="product_id", type=Type.STRING, meaning="product"),
        Column(name="product_name", type=Type.STRING, meaning="what the product is called"),
        Column(name="category", type=Type.STRING, meaning="product category"),
        Column(
            name="is_goods",
            type=Type.BOOLEAN,
            meaning="false for postage, fees, manual corrections: in money, not in product analyses",
            required=True,
        ),
        Column(name="quantity", type=Type.REAL, meaning="pieces; negative for refunds", unit="pieces", required=True),
        Column(
            name="amount_minor",
            type=Type.INTEGER,
            meaning="line value after discounts, without tax; negative for refunds",
            unit="minor units of currency",
            required=True,
        ),
        Column(name="discount_minor", type=Type.INTEGER, meaning="discount already taken off", unit="minor units of currency"),
        Column(name="unit_cost_minor", type=Type.REAL, meaning="cost of goods of one piece, where known", unit="minor units of currency"),
        Column(name="currency", type=Type.STRING, meaning="ISO 4217 code", required=True),
    ),
)
