import inspect

import pytest

from regulars import analyses
from regulars.errors import ArgumentRefused, UnknownName
from tests.builders import company
from tests.regulars.analyses.asking import ask

pytestmark = pytest.mark.suite
EXPECTED = {
    "abc", "affinity", "channels", "cohorts", "concentration", "contact_hour", "lookalikes", "movements", "next_product", "replenishment", "retention_value", "returned_later",
    "rfm", "seasonality", "stages",
}  # fmt: skip


@pytest.fixture
def shop():
    orders = [{"at": "2024-01-05", "customer": "ann", "amount": 1000}, {"at": "2024-03-01", "customer": "ann", "amount": 500}]
    with company(orders=orders) as session:
        yield session


class TestCatalogue:
    def test_holds_every_analysis_of_the_specification(self):
        assert set(analyses.catalogue()) == EXPECTED

    @pytest.mark.parametrize("name", sorted(EXPECTED))
    def test_names_file_function_and_analysis_alike_and_explains_every_parameter(self, name):
        found = analyses.analysis(name)
        assert inspect.getmodule(found.function).__name__ == f"regulars.analyses.{name}"
        assert found.question.endswith("?")
        assert set(found.parameters) == set(found.defaults)
        assert len(found.description) > 80

    @pytest.mark.parametrize("name", sorted(EXPECTED))
    def test_every_column_of_every_table_of_a_small_shop_has_no_surprise_type(self, shop, name):
        for table in analyses.run(shop, name).tables.values():
            assert table.as_of == shop.as_of
            assert {str(field.type) for field in table.table.schema} <= {"string", "int64", "double", "bool", "date32[day]"}
            assert table._repr_html_().startswith("<table>")
            assert table.to_pandas().shape[0] == len(table) == table.to_polars().height


class TestRun:
    def test_refuses_an_unknown_name_and_says_which_is_near(self, shop):
        with pytest.raises(UnknownName, match="cohorts"):
            analyses.run(shop, "cohort")

    def test_refuses_an_unknown_argument(self, shop):
        with pytest.raises(ArgumentRefused, match="by, unit_days"):
            analyses.run(shop, "cohorts", unit=7)

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("cohorts", {"by": "day"}),
            ("cohorts", {"unit_days": 0}),
            ("movements", {"by": "hour"}),
            ("abc", {"of": "things"}),
            ("abc", {"measure": "weight"}),
            ("returned_later", {"days": 0}),
        ],
    )
    def test_refuses_a_value_outside_its_range(self, shop, name, arguments):
        with pytest.raises(ArgumentRefused):
            analyses.run(shop, name, **arguments)

    @pytest.mark.parametrize("name", sorted(EXPECTED - {"movements"}))
    def test_says_what_to_import_where_there_are_no_orders(self, name):
        empty = company(tickets=[{"at": "2024-01-05", "ticket_id": "t1", "step": "opened"}])
        result = ask(empty, name)
        assert result.is_empty
        assert "orders" in str(result.note("no_data"))
        with pytest.raises(LookupError):
            result.to_arrow()

    @pytest.mark.parametrize("name", sorted(EXPECTED))
    def test_answers_for_a_shop_whose_only_order_was_cancelled(self, name):
        orders = [
            {"at": "2024-01-05", "customer": "ann", "amount": 1000, "order": "o1", "row_key": "p"},
            {"at": "2024-01-06", "customer": "ann", "amount": -1000, "order": "o1", "kind": "cancellation", "row_key": "c"},
        ]
        result = ask(company(orders=orders), name)
        assert [str(note) for note in result.notes] or not result.is_empty
        assert result._repr_html_()
