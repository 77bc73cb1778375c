"""The macro that suppresses: whatever the population, at least k persons share what is left of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import duckdb
import jinja2
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse import PROJECT

COLUMNS = ["gender", "age", "area"]
Person = tuple[str | None, ...]


def rendered(call: str) -> str:
    """The SQL that a call of the privacy macros gives; they use nothing of dbt but a variable."""
    texts = [(PROJECT / f"macros/privacy/{name}.sql").read_text("utf-8") for name in ("k_anonymous", "too_few_persons")]
    return jinja2.Environment().from_string("".join(texts) + "{{ " + call + " }}").render(var=lambda name: 5)


SUPPRESS = {k: rendered(f"k_anonymous('persons', {COLUMNS}, {k})") for k in (2, 3, 5)}
persons = st.lists(
    st.tuples(
        st.sampled_from(["customer", "prospect"]),
        st.sampled_from(["F", "M", "U"]),
        st.sampled_from(["young", "old", None]),
        st.sampled_from(["941", "9**", None]),
    ),
    max_size=40,
)


def suppressed(people: Sequence[Person], k: int) -> list[Person]:
    with duckdb.connect() as con:
        con.execute("create table persons (person_key int, population text, gender text, age text, area text)")
        if people:
            con.executemany("insert into persons values (?, ?, ?, ?, ?)", [(n, *p) for n, p in enumerate(people)])
        rows = con.execute(f"select * from ({SUPPRESS[k]}) order by person_key").fetchall()
    assert [row[0] for row in rows] == list(range(len(people)))
    return [(person[0], *row[1:]) for person, row in zip(people, rows, strict=True)]


@settings(max_examples=60, deadline=None)
@given(people=persons, k=st.sampled_from([2, 3, 5]))
def test_at_least_k_persons_share_what_is_shown(people: list[Person], k: int) -> None:
    shown = suppressed(people, k)
    sizes, populations = Counter(shown), Counter(person[0] for person in people)
    for row, size in sizes.items():
        assert size >= k or (populations[row[0]] < k and row[1:] == ("*", "*", "*"))
    for person, row in zip(people, shown, strict=True):
        assert all(value in ("*", original) for value, original in zip(row[1:], person[1:], strict=True))
        # Columns are suppressed from the last to the first.
        hidden = [value == "*" for value in row[1:]]
        assert hidden == sorted(hidden)


def test_what_k_persons_share_stays() -> None:
    people: Sequence[Person] = [("customer", "F", "old", "941")] * 5
    assert suppressed(people, 5) == people


def test_as_much_stays_as_k_persons_share() -> None:
    people: Sequence[Person] = [("customer", "F", "old", "941")] * 2 + [("customer", "F", "old", "100")] * 3
    assert suppressed(people, 5) == [("customer", "F", "old", "*")] * 5


def test_the_smallest_combination_joins_those_left() -> None:
    people: Sequence[Person] = [("customer", "F", "old", "941")] * 6 + [("customer", "M", "old", "941")] * 5
    people = [*people, ("customer", "U", "young", None)]
    shown = suppressed(people, 5)
    assert shown[:6] == people[:6]
    assert shown[6:] == [("customer", "*", "*", "*")] * 6


def test_populations_do_not_hide_each_other() -> None:
    people: Sequence[Person] = [("customer", "F", "old", "941")] * 4 + [("prospect", "F", "old", "941")] * 4
    assert {row[1:] for row in suppressed(people, 5)} == {("*", "*", "*")}


def test_the_test_finds_too_few_persons() -> None:
    """Rows of one person are one; unsuppressed and partly suppressed combinations of fewer than five are found."""
    check = rendered(f"too_few_persons('shown', 'person', {COLUMNS})")
    with duckdb.connect() as con:
        con.execute("create table shown (person int, gender text, age text, area text)")
        con.execute("insert into shown select r, 'F', 'old', '941' from range(5) as t(r)")
        assert con.execute(check).fetchall() == []
        con.execute("insert into shown select 7, 'M', '*', '*' from range(9)")
        assert len(con.execute(check).fetchall()) == 1
        con.execute("update shown set gender = '*' where person = 7")
        assert len(con.execute(check).fetchall()) == 1, "one whose all is suppressed stands out among many"
        con.execute("delete from shown where person < 5")
        assert con.execute(check).fetchall() == []
