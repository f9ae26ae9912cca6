"""Whom a mention is joined to, and whom it must not be joined to."""

from datetime import date

import duckdb

from sosach.link.match import match_mentions
from tests.scenarios.registers import add, world

PIN_AN = "040085000011"
PIN_BINH = "040185000022"


def links(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[str, str]]:
    """(record_id, role) -> (person_id, method)."""
    match_mentions(con)
    return {
        (r, role): (p, m)
        for r, role, p, m in con.execute("SELECT record_id, role, person_id, method FROM links").fetchall()
    }


def couple(con: duckdb.DuckDBPyConnection) -> None:
    add(
        con,
        "dan_cu",
        "d1",
        so_dinh_danh=PIN_AN,
        so_cmnd="186000001",
        ho_ten="NGUYỄN VĂN AN",
        ngay_sinh=date(1985, 3, 2),
        gioi_tinh="Nam",
        vo_chong_ho_ten="TRẦN THỊ BÌNH",
    )
    add(
        con,
        "dan_cu",
        "d2",
        so_dinh_danh=PIN_BINH,
        ho_ten="TRẦN THỊ BÌNH",
        ngay_sinh=date(1985, 5, 6),
        gioi_tinh="Nữ",
        vo_chong_ho_ten="NGUYỄN VĂN AN",
    )


def test_a_number_links_where_the_name_agrees() -> None:
    with world() as con:
        couple(con)
        add(
            con,
            "ket_hon",
            "k1",
            chong_ho_ten="Nguyễn Văn An",
            chong_so_giay_to_tuy_than=PIN_AN,
            vo_ho_ten="X",
            vo_so_giay_to_tuy_than="012345678901",
        )
        found = links(con)
        assert found["k1", "chong"] == (found["d1", "chu_the"][0], "pin")
        assert found["k1", "vo"][1] == "unlinked"
        assert found["k1", "vo"][0] not in {found["d1", "chu_the"][0], found["d2", "chu_the"][0]}


def test_a_number_alone_does_not_link_another_person() -> None:
    with world() as con:
        couple(con)
        add(
            con,
            "khai_tu",
            "t1",
            nkt_ho_ten="LÊ THỊ XUÂN",
            nkt_ngay_sinh=date(1950, 1, 1),
            nkt_gioi_tinh="Nữ",
            nkt_so_giay_to_tuy_than=PIN_AN,
        )
        found = links(con)
        assert found["t1", "nkt"][1] == "unlinked"
        assert found["t1", "nkt"][0] != found["d1", "chu_the"][0]


def test_an_old_identity_card_links_with_the_name() -> None:
    with world() as con:
        couple(con)
        add(
            con,
            "ket_hon",
            "k1",
            chong_ho_ten="Nguyễn Văn An",
            chong_so_giay_to_tuy_than="186000001",
            vo_ho_ten="Trần Thị Bình",
            vo_ngay_sinh=date(1985, 5, 6),
        )
        found = links(con)
        assert found["k1", "chong"] == (found["d1", "chu_the"][0], "cmnd")
        assert found["k1", "vo"] == (found["d2", "chu_the"][0], "exact_keys")


def test_name_and_year_link_only_with_the_relative_beside() -> None:
    with world() as con:
        couple(con)
        add(
            con,
            "ket_hon",
            "k1",
            chong_ho_ten="NGUYỄN VĂN AN",
            chong_ngay_sinh_nam=1985,
            vo_ho_ten="TRẦN THỊ BÌNH",
            vo_ngay_sinh_nam=1985,
        )
        add(
            con,
            "ket_hon",
            "k2",
            chong_ho_ten="NGUYỄN VĂN AN",
            chong_ngay_sinh_nam=1985,
            vo_ho_ten="LÊ THỊ CÚC",
            vo_ngay_sinh_nam=1985,
        )
        found = links(con)
        assert found["k1", "chong"] == (found["d1", "chu_the"][0], "exact_keys")
        assert found["k2", "chong"][1] == "unlinked"


def test_two_candidates_decide_nothing() -> None:
    with world() as con:
        for record, pin in (("d1", PIN_AN), ("d2", "040085000033")):
            add(
                con,
                "dan_cu",
                record,
                so_dinh_danh=pin,
                ho_ten="NGUYỄN VĂN AN",
                ngay_sinh=date(1985, 3, 2),
                gioi_tinh="Nam",
            )
        add(
            con, "ket_hon", "k1", chong_ho_ten="NGUYỄN VĂN AN", chong_ngay_sinh=date(1985, 3, 2), vo_ho_ten="LÊ THỊ CÚC"
        )
        assert links(con)["k1", "chong"][1] == "unlinked"


def test_a_number_borne_by_two_different_people_is_two_persons() -> None:
    with world() as con:
        add(
            con,
            "dan_cu",
            "d1",
            so_dinh_danh=PIN_AN,
            ho_ten="NGUYỄN VĂN AN",
            ngay_sinh=date(1985, 3, 2),
            gioi_tinh="Nam",
        )
        add(con, "dan_cu", "d2", so_dinh_danh=PIN_AN, ho_ten="HỒ VĂN TÁM", ngay_sinh=date(1971, 9, 9), gioi_tinh="Nam")
        add(con, "ket_hon", "k1", chong_ho_ten="Hồ Văn Tám", chong_so_giay_to_tuy_than=PIN_AN, vo_ho_ten="LÊ THỊ CÚC")
        found = links(con)
        assert found["d1", "chu_the"][0] != found["d2", "chu_the"][0]
        assert found["k1", "chong"][0] == found["d2", "chu_the"][0]


def test_every_mention_is_linked_exactly_once() -> None:
    with world() as con:
        couple(con)
        add(
            con,
            "khai_sinh",
            "s1",
            nks_ho_ten="NGUYỄN VĂN CƯỜNG",
            nks_ngay_sinh=date(2015, 1, 2),
            nks_gioi_tinh="Nam",
            me_ho_ten="TRẦN THỊ BÌNH",
            me_ngay_sinh_nam=1985,
            cha_ho_ten="NGUYỄN VĂN AN",
        )
        add(con, "cu_tru", "c1", so_dinh_danh=PIN_AN, loai_cu_tru="thuong_tru")
        counts = match_mentions(con)
        assert counts["mentions"] == 4
        assert counts["links"] == counts["mentions"] + counts["subjects"]
        assert con.execute(
            "SELECT count(*) FROM (SELECT record_id, role FROM links GROUP BY ALL HAVING count(*) > 1)"
        ).fetchone() == (0,)


def test_people_outside_the_population_data_are_held_together_by_exact_keys() -> None:
    with world() as con:
        wife = {"vo_ho_ten": "Lê Thị Cúc", "vo_ngay_sinh": date(1950, 7, 8)}
        add(con, "ket_hon", "k1", chong_ho_ten="HỒ VĂN TÁM", chong_so_giay_to_tuy_than="186777777", **wife)
        add(con, "ly_hon", "j1", chong_ho_ten="Hồ Văn Tám", chong_so_giay_to="186777777", **wife)
        add(con, "khai_tu", "t1", nkt_ho_ten="LÊ THỊ CÚC", nkt_ngay_sinh=date(1950, 7, 8), nkt_gioi_tinh="Nữ")
        found = links(con)
        assert found["k1", "chong"] == found["j1", "chong"]
        assert found["k1", "vo"] == found["j1", "vo"] == found["t1", "nkt"]
        assert found["t1", "nkt"][1] == "unlinked"


def test_the_first_of_january_holds_nobody_together() -> None:
    with world() as con:
        for record in ("t1", "t2"):
            add(con, "khai_tu", record, nkt_ho_ten="LÊ THỊ CÚC", nkt_ngay_sinh=date(1950, 1, 1), nkt_gioi_tinh="Nữ")
        found = links(con)
        assert found["t1", "nkt"][0] != found["t2", "nkt"][0]
