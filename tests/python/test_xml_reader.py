"""The streaming XML reader gives what a parser of whole documents gives, and loses no more than what is broken."""

from __future__ import annotations

import tracemalloc
import xml.etree.ElementTree as ElementTree
from contextlib import nullcontext
from pathlib import Path
from unittest import mock
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scripts.landing import xml_reader
from scripts.landing.inventory import LandingError, inspect
from scripts.landing.xml_reader import DocumentError, XmlRows

SLOW_DISK = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMESPACE = "http://www.tpc.org/tpc-di"
Row = dict[str, str]

TEXT = st.text(
    st.sampled_from("aZ9 éß漢🐳'\"<>&;-]\t") | st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8
)
NAMES = ["Customer", "Name", "C_L_NAME", "CA_B_ID", "C_EXT"]
BLOCKS = st.sampled_from([1, 2, 3, 7, 64, 1 << 20])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A list of actions, written in one of the many ways that XML allows."""
    prefix = draw(st.sampled_from(["TPCDI:", "x.-1:", ""]))
    declared = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    line_end = draw(st.sampled_from(["\n", "\r\n", "", " \n\t"]))
    comment = st.sampled_from(["", "", "", "<!-- A&B <Name> -->", "<?note x?>"])

    def value(text: str) -> str:
        style = draw(st.integers(0, 3))
        if style == 0 and "]]>" not in text:
            return f"<![CDATA[{text}]]>"
        if style == 1:
            return "".join(f"&#x{ord(c):x};" for c in text)
        if style == 2:
            return escape(text, {"'": "&apos;", '"': "&quot;"})
        half = len(text) // 2
        return escape(text[:half]) + draw(comment) + escape(text[half:])

    def attributes(names: list[str]) -> str:
        chosen = draw(st.permutations(names))[: draw(st.integers(0, len(names)))]
        pairs = []
        for name in chosen:
            quoted = quoteattr(draw(TEXT))
            if draw(st.booleans()) and "'" not in quoted:
                quoted = "'" + quoted[1:-1].replace('"', "&quot;") + "'"
            pairs.append(f" {name} = {quoted}" if draw(st.booleans()) else f"\n {name}={quoted}")
        return "".join(pairs)

    def element(name: str, depth: int) -> str:
        start = f"<{name}{attributes(['C_ID', 'C_DOB', 'C_TIER'])}"
        children = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True)) if depth < 3 else []
        if children:
            inside = line_end + line_end.join(element(child, depth + 1) for child in children) + line_end
        else:
            text = draw(TEXT)
            if not text and draw(st.booleans()):
                return f"{start}/>"
            inside = value(text)
        return f"{start}>{inside}</{name} >"

    actions = []
    for _ in range(draw(st.integers(0, 5))):
        body = line_end + "".join(
            element(n, 1) for n in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
        )
        actions.append(
            f"{draw(comment)}<{prefix}Action{attributes(['ActionType', 'ActionTS'])}>{body}</{prefix}Action>"
        )
    head = draw(st.sampled_from(["", '<?xml version="1.0" encoding="UTF-8"?>\n', "<!-- <Action x='1'/> -->\r\n"]))
    listed = line_end.join(actions)
    return f'{head}<{prefix}Actions {declared}="{NAMESPACE}">{line_end}{listed}{line_end}</{prefix}Actions>'


def flattened(action: ElementTree.Element) -> Row:
    """Attributes and texts by path; the text of an element with children is only white space between them."""
    row = {f"@{name}": value for name, value in action.attrib.items()}

    def walk(element: ElementTree.Element, path: str) -> None:
        for child in element:
            name = f"{path}{child.tag.rpartition('}')[2]}"
            row.update({f"{name}/@{attribute}": value for attribute, value in child.attrib.items()})
            row[name] = child.text or "" if not len(child) else "(children)"
            walk(child, f"{name}/")

    walk(action, "")
    return row


def expected(document: str) -> list[Row]:
    root = ElementTree.fromstring(document.encode())
    return [flattened(child) for child in root if child.tag.rpartition("}")[2] == "Action"]


def read(path: Path) -> list[Row]:
    """What the reader gives, with the text of elements that have children masked."""
    rows = []
    for row in XmlRows(path, "Action"):
        parents = {key[:i] for key in row for i, c in enumerate(key) if c == "/" and key[i + 1] != "@"}
        rows.append({key: "(children)" if key in parents else value for key, value in row.items()})
    return rows


def values(rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key[0] != "#"} for row in rows]


@SLOW_DISK
@given(document=documents(), block=BLOCKS)
def test_rows_are_those_of_a_parser_of_whole_documents(tmp_path: Path, document: str, block: int) -> None:
    """However a document is written, no value is read differently, wherever the reader's blocks end."""
    path = tmp_path / "document.xml"
    path.write_bytes(document.encode())
    with mock.patch.object(xml_reader, "BLOCK", block):
        rows = read(path)
    assert values(rows) == expected(document)
    assert inspect(str(path), "xml") == {"": len(rows)}


@SLOW_DISK
@given(document=documents(), block=BLOCKS)
def test_line_and_offset_point_at_the_element(tmp_path: Path, document: str, block: int) -> None:
    """Somebody who looks up a row in its file finds it at the line and the byte given."""
    path = tmp_path / "document.xml"
    data = document.encode()
    path.write_bytes(data)
    with mock.patch.object(xml_reader, "BLOCK", block):
        rows = read(path)
    for row in rows:
        begin = int(row["#offset"])
        assert xml_reader.XmlRows(path, "Action")._start.match(data, begin)
        assert int(row["#line"]) == data.count(b"\n", 0, begin) + 1
    offsets = [int(row["#offset"]) for row in rows]
    assert offsets == sorted(set(offsets))


def action(number: int) -> str:
    return (
        f'<T:Action ActionType="NEW" ActionTS=\'2001-01-0{number}T00:00:00\'>\r\n  <Customer C_ID="{number}" C_TIER="">'
        f"<Name><C_L_NAME>O&apos;Brien é{number}</C_L_NAME><C_M_NAME/></Name>\r\n  <!-- said by phone --></Customer>"
        "</T:Action>"
    )


HEAD = f'<?xml version="1.0"?>\r\n<!-- one\r\ntwo -->\r\n<T:Actions xmlns:T="{NAMESPACE}">\r\n'
ELEMENTS = [action(number) for number in range(1, 6)]
BREAKS = [
    "<",
    "&",
    '"',
    "'",
    "<!--",
    "<![CDATA[",
    "]]>",
    "</X>",
    "<X>",
    "&unknown;",
    "\x01",
    "</Customer>",
    "<x:Y/>",
    ">",
]


def is_sound(element: str) -> bool:
    try:
        ElementTree.fromstring(f'<T:Actions xmlns:T="{NAMESPACE}">{element}</T:Actions>')
    except ElementTree.ParseError:
        return False
    return True


def check_broken(path: Path, broken: str, place: int, block: int) -> None:
    """Only the broken element is lost, and its place and text are given."""
    elements = [*ELEMENTS[:place], broken, *ELEMENTS[place + 1 :]]
    document = HEAD + "\r\n".join(elements) + "\r\n</T:Actions>\r\n"
    path.write_bytes(document.encode())
    with mock.patch.object(xml_reader, "BLOCK", block):
        rows = read(path)
    sound = expected(HEAD + "".join(ELEMENTS) + "</T:Actions>")
    before = [HEAD + "".join(element + "\r\n" for element in elements[:n]) for n in range(len(elements))]
    assert [row["#line"] for row in rows] == [str(text.count("\n") + 1) for text in before]
    assert [row["#offset"] for row in rows] == [str(len(text.encode())) for text in before]
    others = values(rows[:place] + rows[place + 1 :])
    assert others == sound[:place] + sound[place + 1 :]
    if is_sound(broken):
        assert values(rows[place : place + 1]) == expected(f'<T:Actions xmlns:T="{NAMESPACE}">{broken}</T:Actions>')
    else:
        assert set(rows[place]) == {"#line", "#offset", "#error", "#raw"}
        assert rows[place]["#raw"].removesuffix("\r\n</T:Actions>").rstrip() == broken.rstrip()
        assert rows[place]["#error"].startswith("not well-formed XML: ")
    assert inspect(str(path), "xml") == {"": len(elements)}


@SLOW_DISK
@given(
    place=st.integers(0, 4),
    at=st.integers(len("<T:Action "), len(ELEMENTS[0]) - 1),
    length=st.sampled_from([0, 0, 1, 5, 12, 1000]),
    inserted=st.sampled_from(["", *BREAKS]),
    block=BLOCKS,
)
def test_a_broken_element_loses_only_itself(
    tmp_path: Path, place: int, at: int, length: int, inserted: str, block: int
) -> None:
    """Wherever an element is damaged, cut short or left open, all others are read and it is rejected with its text."""
    broken = ELEMENTS[place][:at] + inserted + ELEMENTS[place][at + length :]
    # XML counts a lone carriage return as a line's end, a file's lines do not: where the two differ is of no interest.
    assume("\r" not in broken.replace("\r\n", ""))
    check_broken(tmp_path / "document.xml", broken, place, block)


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize(
    ("find", "put"),
    [
        ("</T:Action>", ""),
        ('ActionType="NEW"', 'ActionType="NEW'),
        ('ActionType="NEW"', "ActionType=NEW"),
        ("<Customer", "<![CDATA["),
        ("said by phone -->", "said by phone"),
        ("</Name>", ""),
    ],
)
def test_common_damage_loses_one_element(tmp_path: Path, place: int, find: str, put: str) -> None:
    """A lost end tag, an open quote in the start tag, an open comment or CDATA section: one rejected row each."""
    check_broken(tmp_path / "document.xml", ELEMENTS[place].replace(find, put), place, 1 << 20)


def test_a_document_cut_short_rejects_its_last_element(tmp_path: Path) -> None:
    """A transfer that broke off in the middle of an element shows in the rejected rows."""
    path = tmp_path / "document.xml"
    document = (HEAD + "".join(ELEMENTS)).encode()
    path.write_bytes(document[:-30])
    rows = read(path)
    assert [row.get("Customer/@C_ID") for row in rows] == ["1", "2", "3", "4", None]
    assert "#error" in rows[-1] and inspect(str(path), "xml") == {"": 5}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (f'<!DOCTYPE x [<!ENTITY name "x">]>{HEAD[23:]}{action(1)}</T:Actions>', "entities is not accepted"),
        (f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD[23:]}</T:Actions>', "entities is not accepted"),
        (f'<!DOCTYPE x SYSTEM "x.dtd">{HEAD[23:]}{action(1).replace("é", "&e;")}</T:Actions>', "entities is not"),
        (f"<T:Actions>{action(1)}{action(2)}</T:Actions>", "unbound prefix"),
        ("<html><p>502 Bad Gateway<br></html>", "not an XML document of Action elements"),
        ("moved", "not an XML document of Action elements"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_by_name(tmp_path: Path, document: str, says: str) -> None:
    """Entities, which could read other files or grow without end, and documents of another kind end in a message."""
    path = tmp_path / "document.xml"
    path.write_bytes(document.encode())
    with pytest.raises(DocumentError, match=says) as raised:
        list(XmlRows(path, "Action"))
    assert str(path) in str(raised.value)


def test_a_comment_hides_an_element(tmp_path: Path) -> None:
    """An element that somebody has commented out is neither read, nor missed, nor in the way of a recovery."""
    path = tmp_path / "document.xml"
    hidden = f"<!-- {action(7).replace('<!-- said by phone -->', '')} -->"
    path.write_bytes(
        (hidden + HEAD[23:] + ELEMENTS[0] + hidden + "<T:Action &/>" + ELEMENTS[2] + "</T:Actions>").encode()
    )
    assert [row.get("Customer/@C_ID") for row in read(path)] == ["1", None, "3"]
    assert inspect(str(path), "xml") == {"": 3}


@pytest.mark.parametrize("after", ["", "\n", "\n<!-- to be -continued -->\n"])
def test_a_document_that_ends_between_two_actions_is_refused(tmp_path: Path, after: str) -> None:
    """All its rows could be read, and nobody would know how many are missing."""
    path = tmp_path / "document.xml"
    path.write_bytes((HEAD + ELEMENTS[0] + ELEMENTS[1] + after).encode())
    with pytest.raises(LandingError, match="before its document does"):
        inspect(str(path), "xml")
    path.write_bytes((HEAD + ELEMENTS[0] + ELEMENTS[1] + after + "</T:Actions>" + after).encode())
    assert inspect(str(path), "xml") == {"": 2}


@pytest.mark.parametrize("damage", ["none", "no end tag", "open CDATA section"])
def test_memory_does_not_grow_with_the_document(tmp_path: Path, damage: str) -> None:
    """A document of any size can be read, also one that is damaged."""
    path = tmp_path / "document.xml"
    block = "".join(map(action, range(10))) * 100
    size = 20_000_000 if damage == "none" else 5_000_000
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        stream.write(HEAD)
        if damage != "none":
            stream.write(action(0).replace("</T:Action>", "").replace("O", "<![CDATA[" if damage[0] == "o" else ""))
        while stream.tell() < size:
            stream.write(block)
            count += 1000
        stream.write("</T:Actions>")
    patched = mock.patch.multiple(xml_reader, BLOCK=1 << 16, LONGEST_ELEMENT=1 << 18)
    with patched if damage != "none" else nullcontext():
        tracemalloc.start()
        try:
            rows = sum("#error" not in row for row in XmlRows(path, "Action"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert rows == count
    assert peak < (size * 0.6 if damage == "none" else size * 0.4)
