"""Words and weights of a pair, the pictures, and the commands that give them out."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from sosach.cli import app
from sosach.duck import write_parquet
from sosach.lake import Lake, Run, write_json
from sosach.link import engine, model_file
from sosach.link.engine import Model
from sosach.link.explain import (
    LINKED,
    REFUSED,
    REVIEW,
    explain_pair,
    explanation_lines,
    prior_weight,
    reason_sql,
    sentence,
    signed,
)
from sosach.link.match import link_persons
from sosach.link.weights_chart import draw_model, draw_pair
from sosach.state.store import StateStore
from tests.scenarios import registers
from tests.unit.link_sample import config, world

PIN, OTHER_PIN, CMND = "040085000011", "040085000022", "186000001"
RUN_ID = "2025-08-15_00000000"
PNG = b"\x89PNG\r\n"


@pytest.fixture(scope="module")
def scored() -> Iterator[tuple[duckdb.DuckDBPyConnection, Model, str]]:
    con = world()
    model = engine.train(con, config(), "mentions", "persons", seed=7, trained_on="run")
    yield con, model, engine.score(con, config(), model, "mentions", "persons")
    con.close()


def row(con: duckdb.DuckDBPyConnection, table: str, left: str, right: str) -> dict[str, object]:
    result = con.execute(f"FROM {table} WHERE left_id = ? AND right_id = ?", [left, right])
    names = [column[0] for column in result.description or []]
    return dict(zip(names, result.fetchall()[0], strict=True))


@pytest.mark.parametrize(
    ("gammas", "decision", "words"),
    [
        ((2, 2, 1, 1), LINKED, "khớp vì cùng họ tên, cùng ngày sinh, cùng tên mẹ, cùng số định danh"),
        ((1, 2, 1, -1), LINKED, "khớp vì cùng ngày sinh, cùng tên mẹ; khác: dấu hỏi/ngã; không so được: số định danh"),
        (
            (2, 1, 0, -1),
            REVIEW,
            "cần người xem: cùng họ tên; khác: ngày sinh lệch một ngày, tên mẹ; không so được: số định danh",
        ),
        ((2, 0, 0, 0), REFUSED, "không khớp, tuy cùng họ tên; khác: ngày sinh, tên mẹ, số định danh"),
        ((0, 0, 0, 0), REFUSED, "không khớp: không có gì giống; khác: họ tên, ngày sinh, tên mẹ, số định danh"),
        (
            (-1, -1, -1, -1),
            REVIEW,
            "cần người xem: không có gì giống; không so được: họ tên, ngày sinh, tên mẹ, số định danh",
        ),
    ],
)
def test_a_pair_in_words(gammas: tuple[int, ...], decision: str, words: str) -> None:
    of = dict(zip(("ho_ten", "ngay_sinh", "me", "so"), gammas, strict=True))
    assert sentence(config(), of, decision) == words
    columns = ", ".join(f"{g} AS gamma_{name}" for name, g in of.items())
    found = duckdb.sql(f"SELECT {reason_sql(config(), 'd')} FROM (SELECT {columns}, '{decision}' AS d)").fetchall()
    assert found == [(words,)]


def test_every_scored_pair_has_the_same_words_both_ways(scored: tuple[duckdb.DuckDBPyConnection, Model, str]) -> None:
    con, _, table = scored
    rows = con.execute(
        f"SELECT DISTINCT gamma_ho_ten, gamma_ngay_sinh, gamma_me, gamma_so, {reason_sql(config())} FROM {table}"
    ).fetchall()
    assert len(rows) > 8
    for *gammas, said in rows:
        assert said == sentence(config(), dict(zip(("ho_ten", "ngay_sinh", "me", "so"), gammas, strict=True)))


def test_the_parts_add_up_to_the_weight(scored: tuple[duckdb.DuckDBPyConnection, Model, str]) -> None:
    con, model, table = scored
    # Mention 15 has no number and another mother's name.
    explanation = explain_pair(model, row(con, table, "m15", "p15"))
    assert [(p.field_vi, p.state) for p in explanation.parts] == [
        ("họ tên", "giống"), ("ngày sinh", "giống"), ("tên mẹ", "khác"), ("số định danh", "thiếu")
    ]  # fmt: skip
    assert explanation.prior == prior_weight(model) < 0
    assert explanation.prior + sum(p.weight for p in explanation.parts) == pytest.approx(explanation.weight, abs=0.001)
    assert explanation.parts[2].weight < 0 == explanation.parts[3].weight
    lines = explanation_lines(explanation)
    assert lines[0] == "khớp vì cùng họ tên, cùng ngày sinh; khác: tên mẹ; không so được: số định danh"
    assert [line.split()[-1] for line in lines[1:2]] == [signed(explanation.prior)]
    assert "khác: tên mẹ" in lines[4]
    assert re.fullmatch(r"  tổng\s+\+\d+,\d  xác suất [\d,]+%", lines[-1])


@pytest.mark.parametrize(("weight", "said"), [(1.25, "+1,2"), (-3.0, "−3,0"), (0.0, "+0,0")])
def test_a_weight_as_vietnamese_writes_it(weight: float, said: str) -> None:
    assert signed(weight) == said


def test_no_probability_is_certainty(scored: tuple[duckdb.DuckDBPyConnection, Model, str]) -> None:
    con, model, table = scored
    pair = row(con, table, "m15", "p15")
    for probability, said in ((1.0, "trên 99,999%"), (0.0, "dưới 0,001%"), (0.5, "50,000%")):
        assert explanation_lines(explain_pair(model, pair | {"probability": probability}))[-1].endswith(said)


def test_pictures_are_the_same_bytes_again(scored: tuple[duckdb.DuckDBPyConnection, Model, str]) -> None:
    con, model, table = scored
    explanation = explain_pair(model, row(con, table, "m15", "p15"))
    assert draw_model(model) == draw_model(model)
    for review_weight in (4.0, 0.0):
        assert draw_pair(explanation, 4.0, review_weight).startswith(PNG)
    assert draw_pair(explanation, 4.0, 0.0) != draw_pair(explanation, 4.0, 4.0)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a marriage linked by CMND, a death like two citizens, and a birth that nobody fits."""
    home = tmp_path_factory.mktemp("home")
    run = Lake(home).run(RUN_ID)
    with registers.world() as con:
        man = {"ngay_sinh": date(1985, 3, 2), "gioi_tinh": "Nam", "cha_ho_ten": "NGUYỄN VĂN TÁM"}
        registers.add(con, "dan_cu", "d1", so_dinh_danh=PIN, so_cmnd=CMND, ho_ten="NGUYỄN VĂN AN", **man)
        registers.add(con, "dan_cu", "d2", so_dinh_danh=OTHER_PIN, ho_ten="NGUYỄN VĂN AN", **man)
        groom = {"chong_ho_ten": "Nguyễn Văn An", "chong_ngay_sinh": date(1985, 3, 2)}
        registers.add(con, "ket_hon", "k1", chong_so_giay_to_tuy_than=CMND, **groom)
        dead = {"nkt_ho_ten": "Nguyễn Văn An", "nkt_ngay_sinh": date(1985, 3, 2), "nkt_gioi_tinh": "Nam"}
        registers.add(con, "khai_tu", "t1", **dead)
        model, _ = link_persons(con, run_id=RUN_ID)
        run.core("dan_cu").parent.mkdir(parents=True)
        for register in ("dan_cu", "ket_hon", "khai_tu"):
            write_parquet(con, f"FROM {register}", run.core(register), "record_id")
        for table in ("links", "persons", "link_pairs"):
            write_parquet(con, f"FROM {table}", run.table(table), None)
    model_file.save(model, run.root / model_file.FILE)
    manifest = {"run_id": RUN_ID, "as_of": "2025-08-15", "previous_run_id": None, "catalogue": "0"}
    write_json(run.manifest, manifest | {"deliveries": [], "refused": []})
    return home


def ask(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["links", *arguments, "--run-id", RUN_ID, "--home", str(home)])


def accesses(home: Path) -> list[tuple[str, str, str, int]]:
    with StateStore(f"sqlite:///{home / 'state.db'}") as store:
        return [(a.actor, a.action, a.unit, a.n_lines) for a in store.accesses(RUN_ID)]


def test_explain_scores_a_link_that_the_model_did_not_make(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "pair.png"
    done = ask(home, "explain", "ket_hon", "k1", "--role", "chong", "--actor", "thu", "--picture", str(picture))
    assert done.exit_code == 0, done.output
    assert "ket_hon · chong: liên kết theo số CMND" in done.output
    assert "dân cư 040*******11: được liên kết" in done.output
    assert "cùng số CMND" in done.output
    assert picture.read_bytes().startswith(PNG)
    assert accesses(home)[-1] == ("thu", "explain_link", "16681", 1)


def test_explain_tells_of_candidates_that_were_not_taken(home: Path) -> None:
    done = ask(home, "explain", "khai_tu", "t1", "--actor", "thu")
    assert done.exit_code == 0, done.output
    for masked in ("040*******11", "040*******22"):
        assert f"dân cư {masked}: chờ người xem" in done.output
    for secret in (PIN, OTHER_PIN, CMND, "An", "AN", "02/03/1985", "1985-03-02"):
        assert secret not in done.output.replace("nhân", "")


def test_explain_says_nothing_that_was_not_logged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(StateStore, "log_access", broken)
    done = ask(home, "explain", "khai_tu", "t1", "--actor", "thu")
    assert done.exit_code != 0
    assert done.output == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("explain", "khai_tu", PIN, "--actor", "thu"), "no such record"),
        (("explain", "khai_tu", "t1", "--actor", " "), "say who"),
        (("explain", "khai_tu", "t1", "--actor", "thu", "--picture", "x.txt"), "ends with .png"),
        (("weights", "--out", "/no/such/folder/x.png"), "a folder that is there"),
    ],
)
def test_a_wrong_question_is_named_without_its_value(home: Path, arguments: tuple[str, ...], message: str) -> None:
    before = len(accesses(home))
    done = ask(home, *arguments)
    assert message in str(done.exception)
    assert PIN not in str(done.exception)
    assert len(accesses(home)) == before


def test_weights_draws_the_model_of_the_run(home: Path, tmp_path: Path) -> None:
    done = ask(home, "weights", "--out", str(tmp_path / "w.png"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "w.png").read_bytes().startswith(PNG)


def test_weights_of_a_run_without_model(home: Path, tmp_path: Path) -> None:
    run = Run(home / "runs" / "none", "none")
    run.root.mkdir()
    done = CliRunner().invoke(
        app, ["links", "weights", "--run-id", "none", "--home", str(home), "--out", str(tmp_path / "x.png")]
    )
    assert "not found" in str(done.exception)
