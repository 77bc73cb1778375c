"""Persons with unique values, planted in every source of a landing area."""

# ruff: noqa: E501 - an element of XML is easier to read in one line.

from __future__ import annotations

from pathlib import Path

from warehouse import rewrite

# A customer of the CRM, a customer of a later batch, a prospect who is the first of them, an employee, and what an
# account, a trade, a cash movement and a rejected row say about them.
LAST, LATER = "Zzyzxqua", "Vvorpalix"
CRM = {
    "tax id": "917-88-4410",
    "last name": LAST,
    "first name": "Qwendolyne",
    "birth date": "1951-11-23",
    "address": "90417 Nonesuch Causeway",
    "second address": "Belfry 77319",
    "e-mail": "qw.zzyzxqua@canary.example",
    "other e-mail": "zz.other@canary.example",
    "phone": "733-9182",
    "account": "Zzyzxqua Nest Egg",
    "city": "Quibbletown",
}
DAILY = {
    "tax id": "926-41-7733",
    "last name": LATER,
    "first name": "Ignatzia",
    "birth date": "1948-02-29",
    "address": "55081 Otherwhere Steps",
    "e-mail": "iv@vvorpalix.example",
    "phone": "644-2087",
    "account": "Vvorpalix Rainy Day",
    "rejected": "Vvorpalix Nowhere Fund",
}
PROSPECT = {
    "agency id": "ZQX880001234567",
    "employer": "Canary Feather Works",
    "phone": "(555) 733-0001",
    "net worth": "8675309417",
}
EMPLOYEE = {"last name": "Xylotreff", "first name": "Umberlina", "phone": "(555) 020-8841", "office": "TOWER77X"}
TEXTS = {"trader": "Oddwin Flakarch", "cash": "Refund to Mrs Qwendolyne Pellucida"}
VALUES = {
    f"{who} {what}": value
    for who, person in (
        ("crm", CRM), ("daily", DAILY), ("prospect", PROSPECT), ("employee", EMPLOYEE), ("texts", TEXTS),
    )
    for what, value in person.items()
}  # fmt: skip


def plant(landing: Path) -> None:
    """Add them to a landing area of a test's own, of three batches. Control totals no longer agree, so they go."""
    for totals in landing.rglob("*_audit.csv"):
        totals.unlink()
    one, two = landing / "Batch1", landing / "Batch2"
    broker = _a_broker(one / "HR.csv")
    rewrite(one / "CustomerMgmt.xml", lambda data: _before(data, b"</TPCDI:Actions>", _action(broker)))
    rewrite(one / "HR.csv", lambda data: _line(data, f"880011,1,{EMPLOYEE['first name']},{EMPLOYEE['last name']},Q,314,"
                                               f"Quibbletown,{EMPLOYEE['office']},{EMPLOYEE['phone']}"))  # fmt: skip
    rewrite(one / "Trade.txt", lambda data: _field(data, 11, TEXTS["trader"]))
    rewrite(one / "CashTransaction.txt", lambda data: _field(data, 3, TEXTS["cash"]))
    address = f"{CRM['address']},{CRM['second address']},94999,{CRM['city']}"
    listed = (
        f"{PROSPECT['agency id']},{LAST},{CRM['first name']},Q,F,{address},CA,United States of America,"
        f"{PROSPECT['phone']},91234,1,2,M,66,711,O,{PROSPECT['employer']},3,{PROSPECT['net worth']}"
    )
    for batch in landing.glob("Batch*"):
        rewrite(batch / "Prospect.csv", lambda data: _line(data, listed))
    customer = [
        "I", "990001", "770002", DAILY["tax id"], "ACTV", LATER, DAILY["first name"], "", "F", "1", DAILY["birth date"],
        DAILY["address"], "", "94998", "Quibbletown", "CA", "United States of America", "1", "555", DAILY["phone"],
        *[""] * 9, DAILY["e-mail"], "", "CA1", "US1",
    ]  # fmt: skip
    rewrite(two / "Customer.txt", lambda data: _line(data, "|".join(customer)))
    rewrite(two / "Account.txt", lambda data: _line(data, f"I|990002|770012|{broker}|770002|{DAILY['account']}|1|ACTV"))
    # The owner is unknown, so the row is rejected and its text kept.
    rewrite(
        two / "Account.txt", lambda data: _line(data, f"I|990003|770013|{broker}|779999|{DAILY['rejected']}|1|ACTV")
    )


def _action(broker: str) -> bytes:
    phone = (
        f"<C_CTRY_CODE>1</C_CTRY_CODE><C_AREA_CODE>555</C_AREA_CODE><C_LOCAL>{CRM['phone']}</C_LOCAL><C_EXT></C_EXT>"
    )
    return (
        f'<TPCDI:Action ActionType="NEW" ActionTS="2017-07-07T10:00:00"><Customer C_ID="770001" C_TAX_ID="{CRM["tax id"]}" '
        f'C_GNDR="F" C_TIER="1" C_DOB="{CRM["birth date"]}"><Name><C_L_NAME>{LAST}</C_L_NAME>'
        f"<C_F_NAME>{CRM['first name']}</C_F_NAME><C_M_NAME>Q</C_M_NAME></Name><Address>"
        f"<C_ADLINE1>{CRM['address']}</C_ADLINE1><C_ADLINE2>{CRM['second address']}</C_ADLINE2><C_ZIPCODE>94999</C_ZIPCODE>"
        f"<C_CITY>{CRM['city']}</C_CITY><C_STATE_PROV>CA</C_STATE_PROV><C_CTRY>United States of America</C_CTRY></Address>"
        f"<ContactInfo><C_PRIM_EMAIL>{CRM['e-mail']}</C_PRIM_EMAIL><C_ALT_EMAIL>{CRM['other e-mail']}</C_ALT_EMAIL>"
        f"<C_PHONE_1>{phone}</C_PHONE_1><C_PHONE_2></C_PHONE_2><C_PHONE_3></C_PHONE_3></ContactInfo>"
        f"<TaxInfo><C_LCL_TX_ID>CA1</C_LCL_TX_ID><C_NAT_TX_ID>US1</C_NAT_TX_ID></TaxInfo>"
        f'<Account CA_ID="770011" CA_TAX_ST="1"><CA_B_ID>{broker}</CA_B_ID><CA_NAME>{CRM["account"]}</CA_NAME></Account>'
        "</Customer></TPCDI:Action>\n"
    ).encode()


def _a_broker(path: Path) -> str:
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    return next(row[0] for row in rows if "314" in row)


def _before(data: bytes, mark: bytes, added: bytes) -> bytes:
    head, found, tail = data.rpartition(mark)
    assert found
    return head + added + found + tail


def _line(data: bytes, line: str) -> bytes:
    end = b"\r\n" if b"\r\n" in data else b"\n"
    return data.rstrip(b"\r\n") + end + line.encode() + end


def _field(data: bytes, number: int, text: str) -> bytes:
    """Put a text into a field of the first line."""
    first, end, rest = data.partition(b"\n")
    fields = first.split(b"|")
    ending = b"\r" if fields[-1].endswith(b"\r") else b""
    fields[number] = text.encode() + (ending if number == len(fields) - 1 else b"")
    return b"|".join(fields) + end + rest
