"""The streaming XML reader gives what a parser of whole documents gives, and loses no more than what is broken."""

from __future__ import annotations

import tracemalloc
import xml.etree.ElementTree as ElementTree
from contextlib import nullcontext
from pathlib import Path
from unittest import mock
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scripts.landing import contents, xml_reader
from scripts.landing.contents import inspect
from scripts.landing.definitions import layout
from scripts.landing.xml_reader import DocumentError, XmlRows

pytestmark = pytest.mark.slow

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


def count(path: Path) -> int:
    """The elements of a document, as the check counts them; raises where it refuses the document."""
    return inspect(str(path), layout("crm.customer_mgmt")).rows["crm.customer_mgmt"]


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
    assert count(path) == len(rows)


@SLOW_DISK
@given(document=documents(), block=BLOCKS)
def test_line_and_offset_point_at_the_element(tmp_path: Path, document: str, block: int) -> None:
    """A row is in its file at the line and byte given."""
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
        assert rows[place]["#error"] in {*expat.errors.codes, "no end tag before the next element"}
    assert count(path) == len(elements)


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


DOCUMENT = HEAD + "\r\n".join(ELEMENTS) + "\r\n</T:Actions>\r\n"
BEFORE_LAST = HEAD + "\r\n".join(ELEMENTS[:4]) + "\r\n"
NO_END, NO_START = ELEMENTS[1].replace("</Name>", ""), ELEMENTS[3].replace("<Customer", "<Customer <")
TWO_BROKEN = [ELEMENTS[0], NO_END, ELEMENTS[2], NO_START]


def refused(path: Path, document: str | bytes) -> str:
    """Why a document is refused, by the check and by the reader alike."""
    path.write_bytes(document.encode() if isinstance(document, str) else document)
    with pytest.raises(DocumentError) as of_check:
        count(path)
    if "DOCTYPE" not in str(of_check.value):
        with pytest.raises(DocumentError) as of_reader:
            list(XmlRows(path, "Action"))
        assert str(of_reader.value) == str(of_check.value)
    assert str(of_check.value).startswith(str(path))
    return str(of_check.value)


@SLOW_DISK
@given(missing=st.integers(len("\r\n") + 1, len("".join(ELEMENTS))), block=BLOCKS)
def test_a_document_that_ends_early_is_refused(tmp_path: Path, missing: int, block: int) -> None:
    """The number of missing rows is unknown, so none is loaded; the message says where the document ends."""
    document = DOCUMENT.encode()[:-missing]
    assume(document.decode(errors="ignore").encode() == document)  # One cut within a character is not text.
    with mock.patch.object(xml_reader, "BLOCK", block):
        says = refused(tmp_path / "document.xml", document)
    begin = document.rfind(b"<T:Action ")
    inside = begin > document.rfind(b"</T:Action>")
    at = begin if inside else len(document)
    reason = "ends inside the Action that begins here" if inside else "ends before its root element Actions does"
    line = 1 + document.count(b"\n", 0, at)
    assert f"document.xml, line {line}, byte {at}: the document {reason}" in says


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (f'<!DOCTYPE x [<!ENTITY name "x">]>{HEAD[23:]}{action(1)}</T:Actions>', "DOCTYPE"),
        (f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD[23:]}</T:Actions>', "DOCTYPE"),
        (f'<!DOCTYPE x SYSTEM "x.dtd">{HEAD[23:]}{action(1)}</T:Actions>', "DOCTYPE"),
        (f"<!DOCTYPE T:Actions>{HEAD[23:]}{action(1)}</T:Actions>", "DOCTYPE"),
        (f"<T:Actions>{action(1)}{action(2)}</T:Actions>", "unbound prefix"),
        ("<html><p>502 Bad Gateway<br></html>", "not an XML document of Action elements"),
        ("moved", "not an XML document of Action elements"),
        ("\r\n", "not an XML document of Action elements"),
        (f'<Action xmlns:T="{NAMESPACE}"><Customer/></Action>', "is a single Action where a list"),
        (DOCUMENT + DOCUMENT, "another document, or a piece of one, follows"),
        (DOCUMENT + DOCUMENT[23:], "another document, or a piece of one, follows"),
        (DOCUMENT + "<T:Extra/>", "another document, or a piece of one, follows"),
        (DOCUMENT + "and so on", "another document, or a piece of one, follows"),
        (BEFORE_LAST + DOCUMENT, "another document, or a piece of one, follows"),
        (BEFORE_LAST + DOCUMENT[23:], "ends before its root element Actions does"),
        (BEFORE_LAST + ELEMENTS[4][:60] + DOCUMENT, "root Actions ends or begins again, after a broken Action"),
        (BEFORE_LAST + ELEMENTS[4][:60] + DOCUMENT[23:], "root Actions ends or begins again, after a broken Action"),
        (DOCUMENT.replace("</T:Action>\r\n</T:Actions>", "\r\n</T:Actions>") + DOCUMENT, "ends or begins again"),
        (BEFORE_LAST + "</Customer>" + ELEMENTS[4] + "</T:Actions>", "damaged outside of its Action elements"),
        (BEFORE_LAST + ELEMENTS[4].replace("<T:Action", "<T:Acton") + "</T:Actions>", "damaged outside of its Action"),
        (BEFORE_LAST + "a & b" + ELEMENTS[4] + "</T:Actions>", "damaged outside of its Action elements"),
        (HEAD + "".join(TWO_BROKEN) + ELEMENTS[4][:80], "ends inside the Action"),
    ],
)
def test_a_document_that_cannot_be_read_for_sure_is_refused(tmp_path: Path, document: str, says: str) -> None:
    """What is no list of elements, has a document type, or goes on after its end is refused before anything loads."""
    assert says in refused(tmp_path / "document.xml", document)


def test_broken_elements_of_a_whole_document_are_rejected_rows(tmp_path: Path) -> None:
    """Damage within elements costs those elements only, also where one lies inside another."""
    path = tmp_path / "document.xml"
    nested = ELEMENTS[4].replace("<Name>", ELEMENTS[0] + "<Name>")
    for elements, errors in ((TWO_BROKEN, 2), ([*TWO_BROKEN, nested], 3), ([nested, *ELEMENTS], 1), ([nested], 1)):
        path.write_text(HEAD + "".join(elements) + "</T:Actions><!-- end -->\n<?end?>", encoding="utf-8")
        rows = read(path)
        assert sum("#error" in row for row in rows) == errors
        assert len(rows) == count(path) == len(elements) + (nested in elements)


@pytest.mark.parametrize(("begin", "end"), [("<!--", "-->"), ("<T:Note><![CDATA[", "]]></T:Note>"), ("<?note", "?>")])
def test_what_only_looks_like_an_element_is_hidden(tmp_path: Path, begin: str, end: str) -> None:
    """An element in a comment, in text or in an instruction is not read, not missed, and no hindrance to a recovery."""
    path = tmp_path / "document.xml"
    hidden = f"{begin} {action(7).replace('<!-- said by phone -->', '')} {end}"
    inside = ELEMENTS[1].replace("<Name>", hidden + "<Name>")
    elements = (ELEMENTS[0], inside, hidden, "<T:Action &/>", ELEMENTS[2])
    for size in (16, 1 << 20):
        path.write_bytes((HEAD + "".join(elements) + "</T:Actions>").encode())
        with mock.patch.object(contents, "BLOCK", size):
            assert count(path) == 4
    assert [row.get("Customer/@C_ID") for row in read(path)] == ["1", "2", None, "3"]


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
