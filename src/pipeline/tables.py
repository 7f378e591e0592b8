"""Write small tables of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.files import save_text

if TYPE_CHECKING:
    import pandas as pd


def save_text_table(path: str, frame: pd.DataFrame) -> None:
    """Write a table as text separated by tabs, numbers with six digits."""
    text = frame.to_csv(sep="\t", index=False, float_format="%.6g", lineterminator="\n")
    save_text(path, text)
