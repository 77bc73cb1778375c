"""A person planted in every source of a landing area, with values that nothing else holds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

CUSTOMER, ACCOUNT, AGENCY = 770077, 880088, "ZQ77007700770"
NAME = ("Quixotlby", "Zephyrine")
NEXT_NAME = "Quixotlby-Vrang"
TAX_ID = "987-65-4320"
EMAIL = "zephyrine.quixotlby@vrang.example"
PHONE = "739-5128"
ADDRESS = "1917 Wobbegong Crescent"
BIRTH = "1851-03-19"
SECRETS = (*NAME, NEXT_NAME, TAX_ID, EMAIL, PHONE, ADDRESS, BIRTH, AGENCY, str(CUSTOMER), str(ACCOUNT))

NEW = f"""<TPCDI:Action ActionTS="2017-07-07T01:02:03" ActionType="NEW">
 <!-- {NAME[1]} called twice -->
 <Customer C_TIER='9' C_DOB='{BIRTH}' C_GNDR="f" C_TAX_ID="{TAX_ID}" C_ID = '{CUSTOMER}'>
 <Name><C_L_NAME>{NAME[0]}</C_L_NAME>
 <C_F_NAME>{NAME[1]}</C_F_NAME><C_M_NAME/></Name><Address><C_ADLINE1>{ADDRESS}</C_ADLINE1><C_ADLINE2/>
 <C_ZIPCODE>91919</C_ZIPCODE><C_CITY>Vrangville</C_CITY><C_STATE_PROV>VR</C_STATE_PROV><C_CTRY>Canada</C_CTRY></Address><ContactInfo>
 <C_PRIM_EMAIL>{EMAIL}</C_PRIM_EMAIL><C_ALT_EMAIL/><C_PHONE_1><C_CTRY_CODE>1</C_CTRY_CODE><C_AREA_CODE>739</C_AREA_CODE>
 <C_LOCAL>{PHONE}</C_LOCAL><C_EXT/></C_PHONE_1><C_PHONE_2/><C_PHONE_3/></ContactInfo>
 <TaxInfo><C_LCL_TX_ID>OR4</C_LCL_TX_ID>
 <C_NAT_TX_ID>CN2</C_NAT_TX_ID></TaxInfo><Account CA_ID="{ACCOUNT}" CA_TAX_ST="1"><CA_B_ID>BROKER</CA_B_ID>
 <CA_NAME>{NAME[1]} {NAME[0]} &amp; Sons</CA_NAME></Account></Customer></TPCDI:Action>
<TPCDI:Action ActionType="UPDCUST" ActionTS="2017-07-07T02:00:00"><Customer C_ID="{CUSTOMER}"><Name>\
<C_L_NAME>{NEXT_NAME}</C_L_NAME></Name></Customer></TPCDI:Action>
"""


def plant(landing: Path, area: Path) -> Path:
    """A copy of a landing area with the person in it, and control totals that count them."""
    shutil.copytree(landing, area)
    document = area / "Batch1" / "CustomerMgmt.xml"
    text = document.read_text(encoding="utf-8")
    broker = re.findall(r"<CA_B_ID>(\d+)</CA_B_ID>", text)[0]
    document.write_text(text.replace("</TPCDI:Actions>", NEW.replace("BROKER", broker) + "</TPCDI:Actions>"), "utf-8")
    _count(area / "Batch1" / "CustomerMgmt_audit.csv", C_NEW=1, C_UPDCUST=1, C_ID_HIST=1, C_DOB_TO=1, C_TIER_INV=1)

    cash = f"{ACCOUNT}|2017-07-07 12:00:00|-50.05|Gift "
    for way in ("to", "from"):
        _append(area / "Batch1" / "CashTransaction.txt", f"{cash}{way} {NAME[1]} {NAME[0]}")
    _count(area / "Batch1" / "CashTransaction_audit.csv", CT_Records=2)

    image = (
        "{0}|{1}|"
        + f"{CUSTOMER}|{TAX_ID}|ACTV|{NEXT_NAME}|{NAME[1]}||F|8|{BIRTH}|{ADDRESS}||91919|Vrangville|VR|Canada"
    )
    image += f"|1|739|{PHONE}|{'|' * 9}{EMAIL}||OR4|CN2"
    _append(area / "Batch2" / "Customer.txt", image.format("U", 9001))
    _count(area / "Batch2" / "Customer_audit.csv", C_UPDCUST=1, C_DOB_TO=1, C_TIER_INV=1)
    account = f"U|9002|{ACCOUNT}|{broker}|{CUSTOMER}|{NAME[1].upper()} {NEXT_NAME.upper()} Travel|1|ACTV"
    _append(area / "Batch2" / "Account.txt", account)
    trade = next(line for line in _lines(area / "Batch2" / "Trade.txt") if line.startswith("I|")).split("|")
    symbol = trade[7]
    _append(
        area / "Batch2" / "Trade.txt",
        f"I|9003|55005500|2017-07-08 10:00:00|PNDG|TLB|1|{symbol}|10|5.00|{ACCOUNT}|{NAME[1]} {NEXT_NAME}||||",
    )
    _count(area / "Batch2" / "Trade_audit.csv", T_Records=1, T_NEW=1)
    _append(
        area / "Batch2" / "CashTransaction.txt",
        f"I|9004|{ACCOUNT}|2017-07-08 11:00:00|-1000.01|Loan to {NAME[1]} {NAME[0]}",
    )
    _count(area / "Batch2" / "CashTransaction_audit.csv", CT_Records=1)
    _append(area / "Batch2" / "WatchHistory.txt", f"I|9005|{CUSTOMER}|{symbol}|2017-07-08 12:00:00|ACTV")
    _append(area / "Batch3" / "WatchHistory.txt", f"I|9006|{CUSTOMER}|NOSUCH|2017-07-09 12:00:00|ACTV")
    for number in (2, 3):
        _count(area / f"Batch{number}" / "WatchHistory_audit.csv", WH_RECORDS=1, WH_ACTIVE=1)
    # A row that can't be read: its tier is a number, but none that a column of whole numbers takes.
    _append(area / "Batch3" / "Customer.txt", image.format("U", 9007).replace("|F|8|", "|F|8.5|"))
    for number, (last, first) in enumerate([NAME, (NAME[0].upper(), NAME[1].lower()), NAME], start=1):
        listed = f'{AGENCY},{last},"{first}",,F,{ADDRESS.upper()},,91919,Vrangville,VR,Canada,(739) {PHONE}'
        listed += ',250001,4,1,M,66,700,O,"Vrang ""Sons"", Inc",6,2000001'
        _append(area / f"Batch{number}" / "Prospect.csv", listed)
        _count(area / f"Batch{number}" / "Prospect_audit.csv", P_RECORDS=1, P_NEW=int(number == 1))
    return area


def mention(area: Path) -> list[str]:
    """Let others' rows and other files name the person; returns the landed places that no erasure may change."""
    folders = [area / f"Batch{number}" for number in (1, 2)]
    places = [
        _say(folders[0] / "CashTransaction.txt", 3, f"fee for {TAX_ID}, {NAME[0].upper()}"),
        _say(folders[1] / "CashTransaction.txt", 5, f"see {EMAIL}."),
        _say(folders[1] / "Trade.txt", 11, f"{NAME[1]} {NAME[0]}"),
        # What the person calls an account of theirs too.
        _say(folders[1] / "Account.txt", 5, f"{NAME[1].upper()} {NEXT_NAME.upper()} Travel"),
    ]
    (folders[1] / "sent before").mkdir()
    shutil.copy(folders[1] / "Customer.txt", folders[1] / "sent before")
    line = len(_lines(folders[1] / "Customer.txt"))
    places.append(f"Batch2/sent before/Customer.txt, line {line}")
    # A copy that shows by its name what it is, and comments outside of the person's element.
    shutil.copy(folders[1] / "Customer.txt", folders[1] / "Customer.txt.bak")
    document = folders[0] / "CustomerMgmt.xml"
    text = document.read_text(encoding="utf-8")
    assert text.index("<Name>") < text.index(TAX_ID)
    text = text.replace("<Name>", f"<!-- friend of {NAME[1]} --><Name>", 1)
    document.write_text(text.replace("</TPCDI:Actions>", f"<!-- {TAX_ID}: call -->\n</TPCDI:Actions>"), "utf-8")
    return sorted(places)


def comment_line(area: Path) -> int:
    """The line of the comment behind the last element; `area` is the one without mentions."""
    text = (area / "Batch1" / "CustomerMgmt.xml").read_text(encoding="utf-8")
    return text[: text.index("</TPCDI:Actions>")].count("\n") + 1


def _say(path: Path, field: int, text: str) -> str:
    """Put a text into the first row of a file, which is another person's."""
    first, *rest = path.read_bytes().split(b"\n")
    end = b"\r" if first.endswith(b"\r") else b""
    fields = first.removesuffix(b"\r").split(b"|")
    assert str(ACCOUNT).encode() not in fields
    fields[field] = text.encode()
    path.write_bytes(b"\n".join([b"|".join(fields) + end, *rest]))
    return f"{path.parent.name}/{path.name}, line 1"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _append(path: Path, line: str) -> None:
    data = path.read_bytes()
    end = b"\r\n" if b"\r\n" in data else b"\n"
    path.write_bytes(data + (b"" if data.endswith(b"\n") or not data else end) + line.encode() + end)


def _count(path: Path, **more: int) -> None:
    """Raise control totals."""
    text = path.read_text(encoding="utf-8")
    for attribute, number in more.items():
        found = re.search(rf",{attribute},(\d+)", text)
        assert found
        text = text[: found.start(1)] + str(int(found[1]) + number) + text[found.end(1) :]
    path.write_text(text, encoding="utf-8")
