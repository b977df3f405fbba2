"""Measured tables on the pages of the documentation."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def put_tables(page: Path, tables: Mapping[str, str]) -> None:
    """Put tables into a page, each between the two marks of its name."""
    text = page.read_text(encoding="utf-8")
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{table}\n{end}{after}"
    page.write_text(text, encoding="utf-8")


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are aligned to the right."""
    header, *body = ["| " + " | ".join(cells) + " |" for cells in lines]
    rule = "|---" + "|---:" * (len(lines[0]) - 1) + "|"
    return "\n".join([header, rule, *body]) + "\n"
