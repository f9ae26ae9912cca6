"""Great Expectations' own expectations beside the fused pass: the same counts for every kind of rule that has one."""

import logging

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations.core import ExpectationValidationResult
from great_expectations.render.renderer.inline_renderer import InlineRenderer

from sosach.checks.catalogue import load_catalogue
from sosach.checks.contract import open_empty
from sosach.checks.fused import FusedPass
from sosach.checks.gx_expectation import expectation
from sosach.duck import connect
from sosach.settings import Settings
from tests.unit.checks_sample import AS_OF, entry, fill, make_expectations

NFD = "Nguyê\u0303n"
ROWS = [
    {
        "ho_ten": (None, "H'Mông Y", "Nguyễn", NFD, "Lò Thị 0anh", "")[i % 6],
        "so_dinh_danh": (None, "040190000011", "04019000001", "18123456O", f"0401900{i:05}")[i % 5],
        "gioi_tinh": ("Nam", "Nữ", "nữ", None)[i % 4],
        "dan_toc": ("Kinh", "H'Mông", "Thái", None)[i % 4],
        "ngay_cap_the": (None, "2021-03-09", "2024-02-29")[i % 3],
        "han_the": (None, "2020-01-01", "2024-02-29", "2046-03-09")[i % 4],
    }
    for i in range(120)
]
NATIVE = {
    "not null": ({"passes_when": "ho_ten IS NOT NULL"}, gx.expectations.ExpectColumnValuesToNotBeNull(column="ho_ten")),
    "unique": (
        {"passes_when": None, "unique": ["so_dinh_danh"]},
        gx.expectations.ExpectColumnValuesToBeUnique(column="so_dinh_danh"),
    ),
    "unique together": (
        {"passes_when": None, "unique": ["ho_ten", "dan_toc", "han_the"]},
        gx.expectations.ExpectCompoundColumnsToBeUnique(
            column_list=["ho_ten", "dan_toc", "han_the"], ignore_row_if="any_value_is_missing"
        ),
    ),
    "in set": (
        {"passes_when": "gioi_tinh IN ('Nam', 'Nữ')"},
        gx.expectations.ExpectColumnValuesToBeInSet(column="gioi_tinh", value_set=["Nam", "Nữ"]),
    ),
    "in code list": (
        {"passes_when": None, "references": {"column": "dan_toc", "list": "dan_toc"}},
        gx.expectations.ExpectColumnValuesToBeInSet(column="dan_toc", value_set=["Kinh", "Thái"]),
    ),
    "regex": (
        {"passes_when": "is_pin(so_dinh_danh)"},
        gx.expectations.ExpectColumnValuesToMatchRegex(column="so_dinh_danh", regex=r"^\d{12}$"),
    ),
    "length": (
        {"passes_when": "length(ho_ten) BETWEEN 1 AND 8"},
        gx.expectations.ExpectColumnValueLengthsToBeBetween(column="ho_ten", min_value=1, max_value=8),
    ),
    "pair": (
        {"passes_when": "han_the >= ngay_cap_the"},
        gx.expectations.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="han_the", column_B="ngay_cap_the", or_equal=True, ignore_row_if="either_value_is_missing"
        ),
    ),
}


@pytest.fixture(scope="module")
def native():
    """``unexpected_count`` of Great Expectations on pandas, by the name of the kind."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    frame = pd.DataFrame(ROWS).astype(object).where(pd.DataFrame(ROWS).notna(), None)
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": frame})
    return {kind: batch.validate(own).result["unexpected_count"] for kind, (_, own) in NATIVE.items()}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """Result of the fused pass over the same rows, by the name of the kind."""
    folder = tmp_path_factory.mktemp("parity")
    rules = [entry(id=f"P{i}", **changes) for i, (changes, _) in enumerate(NATIVE.values())]
    expectations = make_expectations(folder, dan_cu__du=rules)
    catalogue = load_catalogue(expectations)
    with connect(Settings(home=folder, expectations=expectations)) as con:
        open_empty(con, expectations)
        fill(con, "dan_cu", ROWS)
        results = FusedPass(con, catalogue.registers["dan_cu"], catalogue.rules, AS_OF).run()
    return dict(zip(NATIVE, results.values(), strict=True))


@pytest.mark.parametrize("kind", NATIVE)
def test_same_count_as_the_native_expectation(native, ours, kind):
    assert ours[kind].error is None
    assert ours[kind].n_fail == native[kind]
    assert 0 < ours[kind].n_fail < len(ROWS)


def test_the_expectation_reads_in_vietnamese(tmp_path):
    rule = load_catalogue(make_expectations(tmp_path, dan_cu__du=[entry()])).rules[0]
    config = expectation(rule).configuration
    law = {"text": "Luật Hộ tịch", "from": "2016-01-01", "to": None, "source": "test", "certainty": "known"}
    assert config.meta["law"] == [law]
    found = {"unexpected_count": 3, "details": {"status": "ok"}}
    result = ExpectationValidationResult(success=False, expectation_config=config, result=found)
    shown = [block.to_json_dict()["value"]["template"] for block in InlineRenderer(result).get_rendered_content()]
    asked = [block.to_json_dict()["value"]["template"] for block in InlineRenderer(config).get_rendered_content()]
    assert asked == ["T01. Có họ tên"]
    assert shown == ["3 vi phạm", "Không có vi phạm quy tắc $rule_id."]
