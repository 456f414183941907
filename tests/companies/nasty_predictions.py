"""What was predicted of the nasty company: several runs, reckoned twice, of people who have become one since."""

from __future__ import annotations


def predictions(b):
    """Rows of six runs."""
    # Who is one customer since (cookie-7 is carla, "shared" emil) was predicted under both names; an account; somebody nobody knows.
    people = [
        ("anna", "anna", None, 0),
        ("ben", "ben", None, 2),
        ("cookie-7", "cookie-7", None, 1),
        ("carla", "carla", None, 2),
        ("shared", "shared", None, 1),
        ("dora at acme", "dora", "acme", 1),
        ("acme", None, "acme", 2),
        ("emil", "emil", None, 3),
        ("frieda", "frieda", None, 4),
        ("hana", "hana", None, 5),
        ("nobody", None, None, 2),
        ("stranger", "stranger", None, 2),
    ]
    # The run of 5 March was reckoned twice, the second time with other lights and without values; that of 29 February is the same instant in two
    # loads, one of them reckoned later; the last run is after the end of May.
    runs = [
        ("run-1", "2023-12-31", "23:59:59.999999", "2024-01-01", 0),
        ("run-3", "2024-02-29", "23:59:59.999999", "2024-03-02", 1),
        ("run-2", "2024-02-29", "23:59:59.999999", "2024-03-03", 2),
        ("run-4", "2024-03-05", "10:29:59.999999", "2024-03-05", 3),
        ("run-5", "2024-03-05", "10:29:59.999999", "2024-03-05", 4),
        ("run-6", "2024-06-02", "23:59:59.999999", "2024-06-03", 5),
    ]
    for load, day, clock, reckoned, turn in runs:
        for place, (key, who, account, light) in enumerate(people):
            values = {
                "churn_risk": 0.05 * place + 0.01 * turn,
                "clv_minor": 1000.5 * place + 0.4 * turn,
                "expected_orders": 0.3 * place,
                "p_alive": 0.9 - 0.01 * turn,
                "health_score": 60.0 - 5 * place + turn,
                "light": float((light + turn) % 3 if light < 3 else light),
                "money_at_risk_minor": 333.5 * place,
                "light_by_score": 1.0,
                "shoe_size": 38.0,
            }
            left_out = {"clv_minor"} if turn == 4 else {"money_at_risk_minor"} if key == "ben" else set()
            for name in sorted(set(values) - left_out):
                row = b.add(
                    "predictions",
                    f"{load}/{name}/{key}",
                    b.at(day, clock),
                    who,
                    load=load,
                    source="predictions",
                    account=account,
                    name=name,
                    value=values[name],
                    model_version="churn/1",
                )
                row["recorded_at"] = b.at(reckoned)
