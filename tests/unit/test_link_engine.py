"""The linkage engine: what it learns, that it repeats, that bad input ends in a usable model or a named error."""

import json
import logging
from dataclasses import replace
from math import log2
from pathlib import Path

import duckdb
import pytest
from splink import DuckDBAPI, Linker, SettingsCreator
from splink.blocking_rule_library import CustomRule

from sosach.errors import EngineError, MissingArtefactError, SettingsError
from sosach.link import engine, model_file, scoring
from sosach.link.config import Comparison, Level, LinkConfig, TrainingBlock
from sosach.link.engine import PAIRS_A_RECORD, Model
from sosach.link.estimate import DECLARED, TRAINED, Parameter
from sosach.link.pairs import block_pairs
from tests.unit.link_sample import BIRTH, MOTHER, NAME, NUMBER, N, config, null, other, world

MENTIONED = sum(i % 11 > 0 for i in range(N))


def trained(
    con: duckdb.DuckDBPyConnection, of: LinkConfig, left: str = "mentions", right: str | None = "persons"
) -> Model:
    return engine.train(con, of, left, right, seed=7, trained_on="run")


def top(model: Model, comparison: str) -> Parameter:
    return model.parameters[comparison][0]


def scores(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    return con.execute(f"FROM {table} ORDER BY ALL").fetchall()


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return world()


@pytest.fixture(scope="module")
def model(con: duckdb.DuckDBPyConnection) -> Model:
    return trained(con, config())


def test_finds_whom_each_mention_means(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    scored = engine.score(con, config(), model, "mentions", "persons")
    wrong, found, mentions = con.execute(
        f"SELECT count(*) FILTER (NOT same), count(*) FILTER (same), (SELECT count(*) FROM mentions) "
        f"FROM (SELECT substr(left_id, 2) = substr(right_id, 2) AS same FROM {scored} WHERE weight >= 4)"
    ).fetchall()[0]
    assert wrong == 0
    assert found >= 0.99 * mentions


def test_learns_from_the_data_what_the_data_tells(model: Model) -> None:
    # One mention in five has another mother's name (one in eleven of them by chance the right one), one in seven
    # another birth date, none another name beyond the slip.
    assert top(model, "me").m == pytest.approx(0.805, abs=0.03)
    assert top(model, "ngay_sinh").m == pytest.approx(6 / 7, abs=0.03)
    assert top(model, "ho_ten").m > 0.9
    assert top(model, "ho_ten").u == pytest.approx(1 / 63 - 1 / N, rel=0.1)  # without the true pairs
    # Each mention has its person; two certain keys in nine are spoilt by slips.
    assert model.prior == pytest.approx(1 / N, rel=0.15)


def test_true_pairs_among_the_random_ones_do_not_make_agreement_common(model: Model) -> None:
    # All pairs are looked at; one in N of them is true, and two true ones in three have the same number.
    number = top(model, "so")
    assert (number.u, number.u_from, number.m_from) == (1e-7, DECLARED, TRAINED)


def test_the_same_rows_give_the_same_model_and_weights(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Two threads against one, and the rows the other way round."""
    again = world(threads=1, reverse=True)
    repeated = trained(again, config())
    assert replace(repeated, terms=None) == replace(model, terms=None)
    assert repeated.terms.equals(model.terms)
    assert scores(again, engine.score(again, config(), repeated, "mentions", "persons")) == scores(
        con, engine.score(con, config(), model, "mentions", "persons")
    )


def test_draws_repeat_where_not_all_pairs_are_looked_at(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    monkeypatch.setattr(engine, "RANDOM_PAIRS", 20_000)
    monkeypatch.setattr(engine, "TRAINING_PAIRS", 100)
    monkeypatch.setattr("sosach.link.pairs.SAMPLED_RECORDS", 80)
    one, two = trained(world(1, True), config()), trained(world(4), config())
    assert replace(one, terms=None) == replace(two, terms=None)
    assert one.parameters != model.parameters


def test_expectation_maximisation_ends_where_splinks_does(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Splink's own EM on the same pairs with the same u, no term frequencies: the same m."""
    only = replace(config(), training_blocking=(TrainingBlock("ngay", "ngay_sinh", ("ngay_sinh",)),))
    ours = trained(con, only)
    con.execute("CREATE OR REPLACE TABLE splink_l AS SELECT id, ho_ten, ngay_sinh, me, so FROM mentions")
    con.execute("CREATE OR REPLACE TABLE splink_r AS SELECT id, ho_ten, ngay_sinh, me, so FROM persons")
    api = DuckDBAPI(con)
    settings = scoring.splink_settings(only, ours.parameters, ours.prior, with_weights=False)
    settings |= {"link_type": "link_only", "em_convergence": 1e-9, "max_iterations": 500}
    linker = Linker([api.register("splink_l"), api.register("splink_r")], SettingsCreator(**settings), log_level=None)
    linker.training.estimate_parameters_using_expectation_maximisation(
        CustomRule("l.ngay_sinh = r.ngay_sinh"), estimate_without_term_frequencies=True
    )
    theirs = {c["output_column_name"]: c for c in linker.misc.save_model_to_json()["comparisons"]}
    assert top(ours, "me").m == pytest.approx(theirs["me"]["comparison_levels"][1]["m_probability"], abs=1e-4)
    api.delete_tables_created_by_splink_from_db()
    con.execute("DROP TABLE splink_l; DROP TABLE splink_r")


def test_a_rare_name_weighs_more_by_its_frequency(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE one AS SELECT 'm1' AS left_id, 'p1' AS right_id UNION SELECT 'm2', 'p2'")
    table = engine.score(con, config(), model, "mentions", "persons", "one")
    shares = dict(con.execute(f"SELECT ho_ten, count(*) / {N} FROM persons GROUP BY 1").fetchall())
    for person, weight in con.execute(f"SELECT right_id, weight_ho_ten FROM {table}").fetchall():
        name = con.execute("SELECT ho_ten FROM persons WHERE id = ?", [person]).fetchall()[0][0]
        # Odds of a true pair with this name against a random one: m to the u that this name has.
        name_u = shares[name] * top(model, "ho_ten").u / model.agreement["ho_ten"]
        assert weight == pytest.approx(log2(top(model, "ho_ten").m / name_u), abs=0.001)


def test_a_name_nobody_had_in_training_is_rare(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    con.execute("CREATE OR REPLACE TABLE new_p AS SELECT * REPLACE ('Tên Mới' AS ho_ten) FROM persons WHERE id = 'p1'")
    con.execute("CREATE OR REPLACE TABLE new_m AS SELECT * REPLACE ('Tên Mới' AS ho_ten) FROM mentions WHERE id = 'm1'")
    table = engine.score(con, config(), model, "new_m", "new_p")
    name_u = 3 / N * top(model, "ho_ten").u / model.agreement["ho_ten"]
    weight = con.execute(f"SELECT weight_ho_ten FROM {table}").fetchall()[0][0]
    assert weight == pytest.approx(log2(top(model, "ho_ten").m / name_u), abs=0.001)


def test_a_part_of_the_pairs_scores_as_in_the_whole(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """An incremental run has few records: weights must come from the model, not from them."""
    whole = scores(con, engine.score(con, config(), model, "mentions", "persons"))
    con.execute("CREATE OR REPLACE TABLE few AS FROM mentions WHERE id < 'm2'")
    few = scores(con, engine.score(con, config(), model, "few", "persons", into="scored_few"))
    assert few == [row for row in whole if str(row[0]) < "m2"]
    assert few


def test_chunks_change_nothing(con: duckdb.DuckDBPyConnection, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scores(con, engine.score(con, config(), model, "mentions", "persons"))
    monkeypatch.setattr(engine, "CHUNK_PAIRS", 700)
    assert scores(con, engine.score(con, config(), model, "mentions", "persons")) == whole
    kept = scores(con, engine.score(con, config(), model, "mentions", "persons", keep_from=0))
    assert kept == [row for row in whole if row[2] >= 0]  # type: ignore[operator]
    assert 0 < len(kept) < len(whole)


def test_weights_add_up_and_leave_nothing_behind(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    names = ("SELECT table_name FROM information_schema.tables ORDER BY 1",)
    before = con.execute(*names).fetchall()
    table = engine.score(con, config(), model, "mentions", "persons", into="scored_again")
    prior = log2(model.prior / (1 - model.prior))
    off = con.execute(
        f"SELECT max(abs({prior} + weight_ho_ten + weight_ngay_sinh + weight_me + weight_so - weight)), "
        f"max(abs(1 / (1 + 2 ** -weight) - probability)) FROM {table}"
    ).fetchall()[0]
    assert max(off) < 0.001
    con.execute(f"DROP TABLE {table}")
    assert con.execute(*names).fetchall() == before


def test_within_one_table_each_pair_once() -> None:
    con = world()
    con.execute("CREATE TABLE pooled AS FROM persons UNION ALL BY NAME FROM mentions")
    model = trained(con, config(), "pooled", None)
    table = engine.score(con, config(), model, "pooled", None)
    wrong, found, twice = con.execute(
        f"SELECT count(*) FILTER (substr(left_id, 2) <> substr(right_id, 2)), count(*), count(*) - "
        f"count(DISTINCT least(left_id, right_id) || greatest(left_id, right_id)) FROM {table} WHERE weight >= 4"
    ).fetchall()[0]
    assert (wrong, twice) == (0, 0)
    assert found >= 0.98 * MENTIONED


def test_a_key_of_too_many_is_no_key(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE TABLE same AS SELECT * REPLACE (DATE '1960-01-01' AS ngay_sinh) FROM persons")
    counts = block_pairs(con, config().blocking, "same", None, 300, "made")
    assert counts["skipped_ngay"] == 1
    assert counts["pairs"] == con.execute("SELECT count(*) FROM made").fetchall()[0][0] < N * (N - 1) / 2 / 10


@pytest.mark.parametrize(
    "left",
    [
        "SELECT * FROM mentions WHERE false",
        "SELECT * FROM mentions LIMIT 1",
        "SELECT * REPLACE ('Nguyễn Văn An' AS ho_ten) FROM mentions",
        "SELECT * REPLACE (NULL::VARCHAR AS so) FROM mentions",
        "SELECT * REPLACE (DATE '1980-01-01' AS ngay_sinh) FROM mentions",
    ],
    ids=["empty", "one row", "all names equal", "no number", "one birth date"],
)
def test_poor_data_end_in_a_usable_model(left: str) -> None:
    con = world()
    con.execute(f"CREATE TABLE poor AS {left}")
    if "REPLACE" in left:
        con.execute(f"CREATE OR REPLACE TABLE persons AS {left.replace('mentions', 'persons')}")
    model = trained(con, config(), "poor", "persons")
    assert 0 < model.prior < 1
    for levels in model.parameters.values():
        assert all(0 < p.m <= 1 and 0 < p.u <= 1 for p in levels)
        assert levels[0].m >= levels[0].u
        assert levels[-1].m <= levels[-1].u
        assert sum(p.u for p in levels) == pytest.approx(1, abs=0.02)
    if "LIMIT" in left or "false" in left:
        assert any("as declared" in note for note in model.notes)
    if "AS ho_ten" in left:
        assert abs(log2(top(model, "ho_ten").m / top(model, "ho_ten").u)) < 0.1
    if "AS so" in left:
        assert {(p.m_from, p.u_from) for p in model.parameters["so"]} == {(DECLARED, DECLARED)}
        assert any(note.startswith("so: too few") for note in model.notes)
    table = engine.score(con, config(), model, "poor", "persons")
    assert (
        con.execute(
            f"SELECT count(*) FROM {table} WHERE weight >= 4 AND substr(left_id, 2) <> substr(right_id, 2)"
        ).fetchall()[0][0]
        <= 3
    )


def test_a_level_never_seen_is_as_declared_and_said(con: duckdb.DuckDBPyConnection) -> None:
    never = Level("ho_ten_l = 'x' AND ho_ten_r = 'x'", "không bao giờ", 0.02, 0.01)
    name = replace(NAME, levels=(*NAME.levels[:2], never, *NAME.levels[3:]))
    name = replace(name, levels=(*name.levels[:3], other("họ tên", 0.08, 0.97)))
    model = trained(con, config(comparisons=(name, BIRTH, MOTHER, NUMBER)))
    level = model.parameters["ho_ten"][1]
    assert (level.m_from, level.u_from) == (DECLARED, DECLARED)
    drawn = PAIRS_A_RECORD * (MENTIONED + N)
    assert level.u <= 3 / (drawn - MENTIONED) * 1.01  # not one in so many pairs: at most three in as many
    assert {"ho_ten=1: m was not seen and is as declared", "ho_ten=1: u was not seen and is as declared"} <= set(
        model.notes
    )


def test_a_comparison_that_training_turns_round_is_as_declared(con: duckdb.DuckDBPyConnection) -> None:
    """Numbers that agree less among true pairs than among random ones: no number is evidence then."""
    con.execute("CREATE OR REPLACE TABLE odd AS SELECT *, (id > 'p2')::VARCHAR AS phai FROM persons")
    con.execute("CREATE OR REPLACE TABLE odd_m AS SELECT *, (id <= 'm2')::VARCHAR AS phai FROM mentions")
    levels = (null("phai"), Level("phai_l = phai_r", "cùng phái", 0.95, 0.5), other("phái", 0.05, 0.5))
    model = trained(
        con, config(comparisons=(NAME, BIRTH, MOTHER, NUMBER, Comparison("phai", "phái", levels))), "odd_m", "odd"
    )
    assert top(model, "phai").m_from == DECLARED
    assert any(note.startswith("phai: training turned it round") for note in model.notes)


def test_fixed_levels_stay(con: duckdb.DuckDBPyConnection) -> None:
    fixed = tuple(replace(level, fixed=not level.is_null) for level in NUMBER.levels)
    model = trained(con, config(comparisons=(NAME, BIRTH, MOTHER, replace(NUMBER, levels=fixed))))
    assert [(p.m, p.u) for p in model.parameters["so"]] == [(0.99, 1e-7), (0.01, 1 - 1e-7)]


def test_an_error_names_no_value(con: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture) -> None:
    bad = Level("ho_ten_l::INTEGER = ho_ten_r::INTEGER", "hỏng", 0.5, 0.5)
    broken = config(
        comparisons=(Comparison("ho_ten", "họ tên", (null("ho_ten"), bad, other("họ tên", 0.5, 0.5))),),
        training_blocking=(),
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(EngineError, match="scoring failed") as caught:
        trained(con, broken)
    assert caught.value.__cause__ is None
    assert "Nguyễn" not in str(caught.value) + caplog.text


def test_a_model_of_another_config_is_refused(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    with pytest.raises(EngineError, match="another config"):
        engine.score(con, config(link_weight=5.0), model, "mentions", "persons")


def test_a_model_comes_back_from_its_files(model: Model, tmp_path: Path) -> None:
    path = tmp_path / model_file.FILE
    model_file.save(model, path)
    first = [p.read_bytes() for p in sorted(tmp_path.iterdir())]
    read = model_file.load(path, config())
    assert replace(read, terms=None) == replace(model, terms=None)
    assert read.terms.equals(model.terms)
    model_file.save(read, path)
    assert [p.read_bytes() for p in sorted(tmp_path.iterdir())] == first
    assert not any(name in first[0].decode() for name in ("Nguyễn", "0401000"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "not a link model of format 1"),
        ({"splink": "4.0.0"}, "made with Splink 4.0.0"),
        ({"config_digest": "0" * 16}, "other comparisons or thresholds"),
        ({"prior": None}, "missing or wrong"),
        ({"parameters": {}}, "missing or wrong"),
        ({"terms_sha256": "x"}, "link_terms.parquet: missing, or not the one"),
    ],
)
def test_a_model_file_that_does_not_fit_says_what_to_do(
    model: Model, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / model_file.FILE
    model_file.save(model, path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(SettingsError, match=message) as caught:
        model_file.load(path, config())
    assert "Link the run again in full" in str(caught.value)


def test_a_damaged_or_absent_model_file(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefactError):
        model_file.load(tmp_path / model_file.FILE)
    (tmp_path / model_file.FILE).write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match="damaged"):
        model_file.load(tmp_path / model_file.FILE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"comparisons": ()}, "needs comparisons"),
        ({"comparisons": (NAME, NAME)}, "a name of its own"),
        ({"comparisons": (replace(NAME, levels=NAME.levels[1:]),)}, "the null level first"),
        ({"comparisons": (replace(NAME, levels=NAME.levels[:-1]),)}, "the last level"),
        ({"comparisons": (replace(NUMBER, levels=(*NUMBER.levels[:2], other("số", 0.5, 1 - 1e-7))),)}, "add up to 1"),
        ({"training_blocking": (TrainingBlock("x", "so", ("nothing",)),)}, "no comparison nothing"),
        ({"review_weight": 9.0}, "above link_weight"),
        ({"default_prior": 0.0}, "between 0 and 1"),
    ],
)
def test_a_config_that_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        config(**change)


def test_the_digest_follows_every_declaration() -> None:
    digests = {c.digest for c in (config(), config(), config(version=2), config(margin=3.0), config(max_block=9))}
    assert len(digests) == 4
