"""What is true in the made world: nobody is born, married, adopted or housed against nature or law, at any seed."""

from datetime import date
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sosach.settings import PROJECT
from synthetic_data import events
from synthetic_data.books import inventory
from synthetic_data.days import NEVER, Array, day, next_working, spread_working
from synthetic_data.population import People, draw_people
from synthetic_data.units import Province, load_province
from synthetic_data.world import World, build_world

AS_OF = date(2025, 8, 15)
RELATION_HEAD = "01"


@lru_cache(maxsize=16)
def world(seed: int, persons: int, communes: int) -> World:
    return build_world(PROJECT / "expectations", persons, seed, AS_OF, communes, 0.0)


Key = tuple[int, int, int]
keys = st.sampled_from([(1, 800, 3), (2, 500, 1), (3, 300, 2), (4, 700, 40)])
"""Seed, persons and communes of small worlds."""
any_world = settings(derandomize=True, deadline=None, max_examples=4, database=None)


@pytest.fixture(scope="module")
def large() -> World:
    return world(11, 12_000, 6)


def days(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column of dates as day numbers, NaN for none."""
    return (pd.to_datetime(frame[column]) - pd.Timestamp("1970-01-01")).dt.days


def years(later: pd.Series, earlier: pd.Series) -> np.ndarray:
    return (later.to_numpy() - earlier.to_numpy()) / 365.2425


@any_world
@given(keys)
def test_no_child_comes_before_its_mother_or_long_after_its_parents(key: Key) -> None:
    made = world(*key)
    person = made.person
    birth, death = days(person, "birth"), days(person, "death").fillna(10**6)
    child = person[person["mother"] >= 0]
    mother = child["mother"].to_numpy()
    age = years(birth[child.index], birth[mother])
    assert len(age) > 200
    assert age.min() >= 12
    assert age.max() <= 55
    assert (death[mother].to_numpy() >= birth[child.index].to_numpy()).all()
    child = person[person["father"] >= 0]
    father = child["father"].to_numpy()
    assert years(birth[child.index], birth[father]).min() >= 14
    assert (death[father].to_numpy() + 300 >= birth[child.index].to_numpy()).all()


@any_world
@given(keys)
def test_parents_are_of_the_right_sex(key: Key) -> None:
    made = world(*key)
    person = made.person
    for line, sex in (("father", 0), ("mother", 1)):
        known = person.loc[person[line] >= 0, line]
        assert (person["sex"].to_numpy()[known] == sex).all()


@any_world
@given(keys)
def test_children_of_one_mother_are_twins_or_half_a_year_apart(key: Key) -> None:
    made = world(*key)
    person = made.person[made.person["mother"] >= 0].assign(at=lambda p: days(p, "birth"))
    gap = person.sort_values(["mother", "at"]).groupby("mother")["at"].diff().dropna()
    assert len(gap) > 50
    assert ((gap == 0) | (gap >= 180)).all()


@any_world
@given(keys)
def test_bride_and_groom_live_and_are_of_the_age_of_their_time(key: Key) -> None:
    made = world(*key)
    person, marriage = made.person, made.marriage
    assert len(marriage) > 30
    birth, death = days(person, "birth").to_numpy(), days(person, "death").fillna(10**6).to_numpy()
    for line, entered, full in (("husband", 19, 20), ("wife", 17, 18)):
        who = marriage[line].to_numpy()
        assert (death[who] > marriage["married"]).all()
        least = np.where(marriage["married"] >= day(date(2015, 1, 1)), full, entered)
        assert ((marriage["married"] - birth[who]) / 365.2425 >= least - 0.001).all()
    assert (marriage["began"] <= marriage["married"]).all()
    assert (marriage["end"] > marriage["married"]).all()


@any_world
@given(keys)
def test_nobody_is_married_twice_at_once(key: Key) -> None:
    made = world(*key)
    marriage = made.marriage
    both = pd.concat([marriage.assign(who=marriage[line]) for line in ("husband", "wife")]).sort_values(
        ["who", "married"]
    )
    before = both.groupby("who")["end"].shift()
    assert (before.isna() | (before <= both["married"])).all()


def ancestors(person: pd.DataFrame, who: int) -> set[int]:
    """The person, parents and grandparents."""
    found, line = {who}, [who]
    for _ in range(2):
        line = [int(p) for w in line for p in (person["father"].iloc[w], person["mother"].iloc[w]) if p >= 0]
        found.update(line)
    return found


@any_world
@given(keys)
def test_spouses_share_no_ancestor_within_three_generations(key: Key) -> None:
    made = world(*key)
    for husband, wife in made.marriage[["husband", "wife"]].itertuples(index=False):
        assert not ancestors(made.person, husband) & ancestors(made.person, wife)


@any_world
@given(keys)
def test_numbers_agree_with_sex_and_year_and_are_nobody_elses(key: Key) -> None:
    made = world(*key)
    person = made.person.dropna(subset="pin")
    pin, year = person["pin"].astype(str), pd.to_datetime(person["birth"]).dt.year
    assert (pin.str[3].astype(int) == (year // 100 - 19) * 2 + person["sex"]).all()
    assert (pin.str[4:6].astype(int) == year % 100).all()
    assert (pin.str[:3].astype(int) == person["home_province"]).all()
    assert pin.is_unique


@any_world
@given(keys)
def test_every_household_has_one_head_who_lives_in_it(key: Key) -> None:
    made = world(*key)
    stays = made.spell[(made.spell["kind"] == "thuong_tru") & made.spell["until"].isna()]
    assert not stays["person"].duplicated().any()
    living = made.person[~made.person["shadow"] & made.person["death"].isna()]
    assert set(stays["person"]) == set(living["id"])
    heads = (stays["relation"] == RELATION_HEAD).groupby(stays["host"]).sum()
    assert (heads == 1).all()
    home = stays.set_index("person")["old"]
    assert (home[stays["host"]].to_numpy() == stays["old"].to_numpy()).all()


@any_world
@given(keys)
def test_stays_of_one_person_follow_each_other(key: Key) -> None:
    made = world(*key)
    stays = made.spell[made.spell["kind"] == "thuong_tru"].sort_values(["person", "since"])
    assert (stays["since"] < stays["until"].fillna(pd.Timestamp("2100-01-01"))).all()
    before = stays.groupby("person")["until"].shift()
    again = stays["person"].duplicated()
    assert before[again].notna().all()
    assert (before[again] <= stays["since"][again]).all()
    birth = pd.to_datetime(made.person["birth"]).to_numpy()[stays["person"]]
    assert (stays["since"].to_numpy() >= birth).all()


@any_world
@given(keys)
def test_events_are_registered_after_they_happen_on_days_of_work(key: Key) -> None:
    made = world(*key)
    birth, death = days(made.person, "birth").to_numpy(), days(made.person, "death").to_numpy()
    assert (made.births["day"].to_numpy() >= birth[made.births["person"]]).all()
    assert (made.funerals["day"].to_numpy() >= death[made.funerals["person"]]).all()
    for table in (made.births, made.weddings, made.funerals, made.certificates, made.recognition):
        on = table["day"].to_numpy()
        assert (next_working(on) == on).all()
        assert (on <= day(AS_OF)).all()


def test_about_one_birth_in_a_hundred_is_of_twins(large: World) -> None:
    born = large.person[large.person["mother"] >= 0].groupby(["mother", "birth"]).size()
    assert 0.001 < (born == 2).mean() < 0.015
    assert born.max() == 2


def test_no_family_gives_a_name_twice_or_the_one_of_the_father(large: World) -> None:
    person = large.person[large.person["ethnic"] != "Người nước ngoài"]
    for line in ("mother", "father"):
        known = person[~person["id"].isin(recognised(large)) & (person[line] >= 0)]
        assert len(known) > 5000
        assert not known.duplicated([line, "name"]).any()
    given = large.person["name"].str.rsplit(" ", n=1).str[-1]
    assert (given[known.index] != given[known["father"]].to_numpy()).all()


def recognised(made: World) -> set[int]:
    """Children who were named before their parent recognised them."""
    return set(made.recognition["person"]) | set(made.recognition["recogniser"])


def test_no_word_stands_twice_on_end_in_a_name(large: World) -> None:
    person = large.person[large.person["ethnic"] != "Người nước ngoài"]
    words = person["name"].str.split(" ")
    assert not words.map(lambda parts: any(one == other for one, other in pairwise(parts))).any()


def test_a_recognised_child_had_no_such_parent_in_its_birth_entry_and_has_one_after(large: World) -> None:
    person, acts = large.person, large.recognition
    assert len(acts) > 20
    grown = acts["kind"].isin([3, 4]).to_numpy()
    child = np.where(grown, acts["recogniser"], acts["person"])
    parent = np.where(grown, acts["person"], acts["recogniser"])
    line = np.where(acts["kind"].isin([1, 3]), "father", "mother")
    first = large.births.drop_duplicates("person").set_index("person")
    for who, other, role, on in zip(child, parent, line, acts["day"], strict=True):
        assert person.at[who, role] == other
        if who in first.index and first.at[who, "day"] < on:
            assert first.at[who, role] == -1
    birth = days(person, "birth").to_numpy()
    assert ((birth[child] - birth[parent]) / 365.2425 >= 12).all()
    adult = (acts["day"].to_numpy() - birth[child]) / 365.2425
    assert (adult[grown] >= 17.99).all()
    assert (adult[~grown] < 18).all()
    died = days(person, "death").fillna(10**6).to_numpy()
    assert (np.minimum(died[child], died[parent]) > acts["day"].to_numpy()).all()


def test_an_entry_made_after_recognition_names_the_father(large: World) -> None:
    acts = large.recognition[large.recognition["kind"] == 1].set_index("person")
    known = large.births[large.births["person"].isin(acts.index)]
    after = known["day"].to_numpy() >= acts["day"][known["person"]].to_numpy()
    assert ((known["father"] >= 0).to_numpy() == after).all()


def test_adoption_keeps_the_law_and_the_birth_entry(large: World) -> None:
    made = world(12, 25_000, 3)
    acts, person = made.adoption, made.person
    assert len(acts) > 3
    birth = days(person, "birth").to_numpy()
    on = days(acts, "day").to_numpy()
    child = acts["person"].to_numpy()
    assert ((on - birth[child]) / 365.2425 < 16).all()
    for line in ("father", "mother"):
        adopter = acts[line].to_numpy()
        assert ((birth[child] - birth[adopter]) / 365.2425 >= 19.99).all()
        assert (person[line].to_numpy()[child] != adopter).all()
    couples = set(made.marriage[["husband", "wife"]].itertuples(index=False, name=None))
    assert set(acts[["father", "mother"]].itertuples(index=False, name=None)) <= couples
    assert not acts["person"].duplicated().any()


def test_families_move_and_come_back(large: World) -> None:
    stays = large.spell[large.spell["kind"] == "thuong_tru"].sort_values(["person", "since"])
    before = stays.groupby("person")[["until", "old"]].shift()
    moved = before["until"] == stays["since"]
    back = before["until"].notna() & (stays["since"] - before["until"] > pd.Timedelta(days=200))
    assert moved.mean() > 0.1
    assert 0.001 < back.mean() < 0.1
    assert (before["old"][back] == stays["old"][back]).mean() > 0.9


def test_births_registered_again_are_those_whose_book_is_lost(large: World) -> None:
    kept = set(large.numbered.loc[large.numbered["kind"] == "KS", "eid"])
    again = large.births[large.births["form"] == "2"]
    first = large.births[(large.births["form"] != "2") & large.births["person"].isin(again["person"])]
    assert len(again) == len(first) > 100
    assert not kept & set(first.index)
    assert (pd.to_datetime(large.person["birth"]).to_numpy()[again["person"]] < np.datetime64("2016-01-01")).all()


def test_the_same_seed_is_the_same_world() -> None:
    one, other = (build_world(PROJECT / "expectations", 300, 5, AS_OF, 3, 1.0) for _ in range(2))
    for name, frame in one.give_up():
        pd.testing.assert_frame_equal(frame, getattr(other, name))


def test_offices_are_closed_at_tet() -> None:
    eve = np.array([day(date(2024, 2, 9)), day(date(1985, 1, 21)), day(date(2024, 2, 15))])
    assert next_working(eve).tolist() == [day(date(2024, 2, 14)), day(date(1985, 1, 24)), day(date(2024, 2, 15))]


def test_closed_days_are_spread_over_the_next_working_week() -> None:
    saturday, friday = day(date(2024, 3, 2)), day(date(2024, 3, 8))
    rng = np.random.default_rng(1)
    week = np.bincount(spread_working(rng, np.full(5000, saturday)) - saturday, minlength=7)
    assert (week[2:7] > 800).all()
    assert week.sum() == week[2:7].sum() == 5000
    assert set(spread_working(rng, np.full(500, saturday), saturday + 3)) == {saturday + 2, saturday + 3}
    assert set(spread_working(rng, np.full(500, saturday), saturday)) == {saturday + 2}
    assert set(spread_working(rng, np.full(500, friday))) == {friday}
    assert set(spread_working(rng, np.full(500, NEVER))) == {NEVER}


def test_no_weekday_is_the_one_on_which_everybody_comes(large: World) -> None:
    for table in (large.births, large.weddings, large.funerals, large.certificates):
        share = np.bincount((table["day"].to_numpy() + 3) % 7, minlength=7) / len(table)
        assert share[5:].sum() == 0
        assert share.max() < 0.3


def weekday_medians(on: Array, first: int, last: int) -> tuple[Array, Array]:
    """Number of entries on each working day from ``first`` to ``last``, and the median of its weekday."""
    listed = np.arange(first, last + 1)
    listed = listed[next_working(listed) == listed]
    count = np.bincount(on[(on >= first) & (on <= last)] - first, minlength=last - first + 1)[listed - first]
    median = np.array([np.median(count[(listed + 3) % 7 == weekday]) for weekday in range(5)])
    return count, median[(listed + 3) % 7]


@lru_cache(maxsize=1)
def crowd() -> tuple[People, Province]:
    """Many people without families, enough for entries on every day."""
    province = load_province(PROJECT / "expectations", None)
    return draw_people(np.random.default_rng(3), province, 250_000, day(AS_OF), AS_OF.year), province


@pytest.mark.parametrize("kind", ["births", "deaths"])
def test_entries_do_not_pile_up_at_the_end(kind: str) -> None:
    people, province = crowd()
    rng, end = np.random.default_rng(4), day(AS_OF)
    if kind == "births":
        kept = inventory(rng, province, end)
        table, within, event = events.births(rng, people, people.own_old, province, kept, end), 60, people.birth
    else:
        table, within, event = events.deaths(rng, people, people.own_old, province, end), 15, people.death
    on = table["day"].to_numpy(np.int64)
    count, usual = weekday_medians(on, end - 61, end)
    assert usual.min() > 2
    assert (count <= 5 * usual).all()
    assert count[-5:].sum() > usual[-5:].sum() / 3
    late = (table["form"] == "4").to_numpy()
    weeks = np.bincount((end - on[late]) // 7)[:20]
    assert weeks.max() < 3 * np.median(weeks)
    delay = on - event[table["person"]]
    first = (table["form"] != "2").to_numpy()
    assert (late[first] == (delay[first] > within)).all()


def test_people_die_and_papers_are_issued_up_to_the_last_days() -> None:
    made, month = world(13, 20_000, 8), day(AS_OF) - 30
    assert (days(made.person, "death") > month).sum() > 3
    for table in (made.births, made.weddings, made.funerals, made.certificates):
        assert (table["day"] > month).sum() > 0
        assert table["day"].max() <= day(AS_OF)


def test_every_foreigner_in_the_world_is_married_in_it(large: World) -> None:
    person = large.person
    foreign = set(person.index[person["nationality"] != "VN"])
    assert len(foreign) > 10
    assert foreign <= set(large.marriage["husband"]) | set(large.marriage["wife"])
    assert (pd.to_datetime(person["birth"]) <= pd.Timestamp(AS_OF)).all()


def test_births_since_2000_have_a_whole_date(large: World) -> None:
    year = pd.to_datetime(large.person["birth"]).dt.year
    whole = large.person["whole_date"]
    assert whole[year >= 2000].all()
    assert 0.002 < (~whole[year.between(1976, 1999)]).mean() < 0.02
    assert 0.3 < (~whole[year < 1945]).mean() < 0.5


def test_hamlets_are_called_as_in_their_kind_of_commune(large: World) -> None:
    old = large.province.old
    highland = (large.province.new["region"] == "vung_cao").to_numpy()[old["parent"]]
    word = large.person["hamlet"].astype(str).str.split(" ").str[0]
    home = large.person["home_old"].to_numpy()
    urban = old["type"].isin(["phuong", "thi_tran"]).to_numpy()
    assert set(word[urban[home]]) == {"Khối"}
    assert set(word[~urban[home] & highland[home]]) == {"Bản"}
    assert set(word[~urban[home] & ~highland[home]]) == {"Xóm"}


def test_officials_are_of_the_groups_that_live_there() -> None:
    made = world(4, 700, 40)
    old, new = made.province.old, made.province.new
    thai = pd.Series(made.province.ethnic[:, made.province.groups.index("Thái")])
    share = pd.concat(
        [
            pd.DataFrame({"code": old["code"].astype(int), "era": 0, "thai": thai[old["parent"]].to_numpy()}),
            pd.DataFrame({"code": new["code"].astype(int), "era": 1, "thai": thai}),
        ]
    )
    signer = made.signer.merge(share, on=["code", "era"])
    for role in ("nguoi_ky", "nguoi_thuc_hien"):
        ours = signer[role].str.split(" ").str[0].isin(["Lô", "Vi", "Lương", "Lò", "Vang", "Lang", "Lữ", "Ngân"])
        assert ours[signer["thai"] > 0.5].mean() > 0.4
        assert ours[signer["thai"] < 0.02].mean() < 0.15
