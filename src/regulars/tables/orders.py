"""orders: one row is a purchase, refund, cancellation or adjustment, each at its own instant."""

from regulars.tables.schema import Column, Erase, Table, Type

ORDERS = Table(
    name="orders",
    row_is="a purchase, refund, cancellation or adjustment, each at its own instant",
    own_columns=(
        Column(
            name="order_id",
            type=Type.STRING,
            meaning="the order; a refund or cancellation carries the id of the order it concerns, or one of its own where the source has no link",
            required=True,
            erase=Erase.FRESH,
        ),
        Column(
            name="kind",
            type=Type.STRING,
            meaning="purchase, refund, cancellation or adjustment (booked in revenue, never an order)",
            required=True,
        ),
        Column(
            name="linked",
            type=Type.BOOLEAN,
            meaning="for refunds and cancellations: whether order_id names the purchase they concern",
            required=True,
        ),
        Column(
            name="amount_minor",
            type=Type.INTEGER,
            meaning="order value after discounts, without tax and shipping; negative for refunds; for a cancellation minus what had not been refunded, so that a sum over rows is revenue",
            unit="minor units of currency",
            required=True,
        ),
        Column(
            name="discount_minor",
            type=Type.INTEGER,
            meaning="discount already taken off amount_minor, as a positive number",
            unit="minor units of currency",
        ),
        Column(name="tax_minor", type=Type.INTEGER, meaning="tax", unit="minor units of currency"),
        Column(name="shipping_minor", type=Type.INTEGER, meaning="shipping", unit="minor units of currency"),
        Column(name="currency", type=Type.STRING, meaning="ISO 4217 code", required=True),
        Column(name="channel", type=Type.STRING, meaning="sales channel"),
        Column(name="campaign", type=Type.STRING, meaning="campaign the source attributes it to"),
        Column(name="country", type=Type.STRING, meaning="country it went to"),
    ),
)
