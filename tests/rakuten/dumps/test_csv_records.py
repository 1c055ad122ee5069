"""Tables as programs write them: read where that is certain, else one line with the remedy."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from rakuten.dumps.csv_records import read_records
from rakuten.dumps.layout import LABEL_COLUMNS, PRODUCT_COLUMNS, X_TEST, Y_TRAIN
from rakuten.dumps.rejections import Reason
from rakuten.errors import DumpError

SOUND = ',designation,description,productid,imageid\n0,"Été, ""bleu""","deux\nlignes",11,21\n1,x,,12,22\n'
EXPECTED = [(1, ("0", 'Été, "bleu"', "deux\nlignes", "11", "21")), (2, ("1", "x", "", "12", "22"))]


def read(data: bytes) -> list[tuple[int, tuple[str, ...]]]:
    return [(record.row, record.values) for record in read_records(data, X_TEST, PRODUCT_COLUMNS)]


READ: dict[str, Callable[[str], str]] = {
    "as the challenge": lambda text: text,
    "byte order mark": lambda text: "\ufeff" + text,
    "semicolons": lambda text: text.replace(",", ";").replace("Été;", "Été,"),
    "tabs": lambda text: text.replace(",", "\t").replace("Été\t", "Été,"),
    "bars": lambda text: text.replace(",", "|").replace("Été|", "Été,"),
    "pandas' name of the index": lambda text: "Unnamed: 0" + text,
    "index": lambda text: "index" + text,
    "quoted header": lambda text: text.replace(
        ",designation,description,productid,imageid", '"","designation","description","productid","imageid"'
    ),
    "capitals and blanks": lambda text: text.replace("designation,", " Designation ,").replace("imageid", "ImageID"),
    "swapped columns": lambda text: (
        "designation,,description,productid,imageid\n" + ('"Été, ""bleu""",0,"deux\nlignes",11,21\nx,1,,12,22\n')
    ),
    "a column more": lambda text: (
        ',extra,designation,description,productid,imageid\n0,e,"Été, ""bleu""","deux\nlignes",11,21\n1,e,x,,12,22\n'
    ),
    "a column index beside the index": lambda text: (
        ',index,designation,description,productid,imageid\n0,7,"Été, ""bleu""","deux\nlignes",11,21\n1,8,x,,12,22\n'
    ),
    "no line end at the end": lambda text: text[:-1],
    "blank lines": lambda text: "\n" + text.replace("\n1,x", "\n\n\n1,x") + "\n\n",
}


@pytest.mark.parametrize("writing", READ)
def test_a_table_is_read_as_it_is_written(writing: str) -> None:
    assert read(READ[writing](SOUND).encode()) == EXPECTED


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_are_those_of_any_system(end: str) -> None:
    expected = [(row, tuple(value.replace("\n", end) for value in values)) for row, values in EXPECTED]
    assert read(SOUND.replace("\n", end).encode()) == expected


def test_a_long_field_is_read_and_left_to_the_contracts() -> None:
    assert read(SOUND.replace("x", "x" * 300_000).encode())[1][1][1] == "x" * 300_000


def test_ragged_records_and_nul_bytes_are_set_aside_by_record() -> None:
    records = read_records((SOUND + "2,y,13,23\n3,a\0b,,14,24\n4,z,,15,25\n").encode(), X_TEST, PRODUCT_COLUMNS)
    assert [record.oddity for record in records] == [None, None, Reason.RAGGED_ROW, Reason.NUL_BYTE, None]


NAMED: dict[str, tuple[Callable[[str], bytes], str]] = {
    "empty": (lambda text: b"", "is empty; expected a header with the columns"),
    "blank": (lambda text: b"\n\n", "is empty; expected a header"),
    "header alone": (lambda text: text.splitlines()[0].encode(), "has a header but no records"),
    "no header": (lambda text: text.partition("\n")[2].encode(), "lacks the columns .*; expected a header with"),
    "no index": (
        lambda text: (
            text.replace(",designation", "designation", 1).replace("\n0,", "\n").replace("\n1,", "\n").encode()
        ),
        r"lacks the columns \(unnamed\); it has designation.*; the index, .* as pandas' to_csv writes",
    ),
    "a renamed column": (
        lambda text: text.replace("imageid", "picture").encode(),
        r"lacks the columns imageid; it has \(unnamed\), designation, description, productid, picture",
    ),
    "two of a name": (lambda text: text.replace("imageid", "imageid,IMAGEID,imageid").encode(), "more than once"),
    "UTF-16": (lambda text: text.encode("utf-16"), "is encoded as UTF-16, .*; expected UTF-8"),
    "UTF-16 without mark": (lambda text: text.encode("utf-16-le"), "as UTF-16 without byte order mark does"),
    "Windows-1252": (lambda text: text.encode("cp1252"), r"is not UTF-8: byte 0xc9 .* in record 1; save it as UTF-8"),
    "a quote that is not closed": (lambda text: (text + '2,"y,,13,23\n').encode(), "no well-formed CSV in record 3"),
    "gzip": (lambda text: gzip.compress(text.encode()), "is a gzip file; unpack it with gunzip"),
    "Excel": (lambda text: b"PK\x03\x04" + bytes(100), "is a zip or Excel file; unpack it, or save the sheet as CSV"),
    "a page": (lambda text: b"\n<!doctype html><html>", "is an HTML or XML page"),
    "a pointer": (lambda text: b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "a header of controls": (lambda text: b"\x1b[2J,a\xc2\x9b\n1,2\n", "lacks the columns"),
    "a header of a megabyte": (lambda text: b"a" * 1_000_000 + b"\n1\n", "lacks the columns"),
    "a header of many columns": (lambda text: b"a," * 10_000 + b"\n1\n", "lacks the columns"),
}


@pytest.mark.parametrize("writing", NAMED)
def test_a_table_that_cannot_be_read_is_one_line_with_the_remedy(writing: str) -> None:
    write, message = NAMED[writing]
    with pytest.raises(DumpError, match=message) as caught:
        read(write(SOUND))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_labels_with_another_separator_are_read(separator: str, caplog: pytest.LogCaptureFixture) -> None:
    data = f"{separator}prdtypecode\n0{separator}10\n".encode()
    records: list[Any] = read_records(data, Y_TRAIN, LABEL_COLUMNS)
    assert [record.values for record in records] == [("0", "10")]
    assert not caplog.records
