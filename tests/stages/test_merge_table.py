"""The stage that merges the parts of a table: Parquet, text and lists, run by merge_table."""

import json
import subprocess
import sys

import pytest

from merge_table import main
from pipeline.files import DamagedFileError, load_table, save_table
from tests.support import stand_in


def merge(paths, target):
    main(stand_in(input={"parts": paths}, output={"table": target}))
    return target


def test_rows_follow_in_the_order_of_the_parts(tmp_path):
    paths = [tmp_path / name for name in ("first.parquet", "second.parquet")]
    save_table(paths[0], {"run": ["a"] * 3, "init": [2, 2, 4], "status": ["ok", "ok", "diverged"]})
    save_table(paths[1], {"run": ["b"] * 2, "init": [1, 0], "status": ["ok"] * 2})
    table = load_table(merge(paths, tmp_path / "all.parquet")).to_pandas()
    assert table["init"].tolist() == [2, 2, 4, 1, 0]
    assert table["run"].tolist() == ["a"] * 3 + ["b"] * 2
    assert table["status"].tolist() == ["ok", "ok", "diverged", "ok", "ok"]


def test_a_column_that_only_one_part_has_is_empty_elsewhere(tmp_path):
    paths = [tmp_path / name for name in ("first.parquet", "second.parquet")]
    save_table(paths[0], {"run": ["a"], "value": [1.0]})
    save_table(paths[1], {"run": ["b"], "value": [2.0], "error": [0.5]})
    table = load_table(merge(paths, tmp_path / "all.parquet")).to_pandas()
    assert table["value"].tolist() == [1.0, 2.0]
    assert table["error"].isna().tolist() == [True, False]


def test_columns_come_in_the_order_asked_for_and_one_that_is_missing_is_told(tmp_path):
    save_table(tmp_path / "t.parquet", {"run": ["a"], "init": [1], "value": [2.0]})
    assert load_table(tmp_path / "t.parquet", ["value", "run"]).column_names == ["value", "run"]
    with pytest.raises(DamagedFileError, match="error"):
        load_table(tmp_path / "t.parquet", ["value", "error"])


def test_merging_does_not_load_pandas(tmp_path):
    # It takes longer to load than hundreds of merges of a study take to merge.
    save_table(tmp_path / "t.parquet", {"run": ["a"], "value": [1.0]})
    check = (
        "import sys; from merge_table import merged_table; merged_table(sys.argv[1:]); "
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check, tmp_path / "t.parquet"], check=True)


def test_text_keeps_one_header_and_lists_follow(tmp_path):
    for name, text in (("1.tsv", "a\tb\n1\t2\n"), ("2.tsv", "a\tb\n3\t4\n")):
        (tmp_path / name).write_text(text)
    merged = merge([tmp_path / "1.tsv", tmp_path / "2.tsv"], tmp_path / "all.tsv")
    assert merged.read_text() == "a\tb\n1\t2\n3\t4\n"
    for name, entries in (("1.json", [{"a": 1}]), ("2.json", [{"a": 2}, {"a": 3}])):
        (tmp_path / name).write_text(json.dumps(entries))
    merged = merge([tmp_path / "1.json", tmp_path / "2.json"], tmp_path / "all.json")
    assert json.loads(merged.read_text()) == [{"a": 1}, {"a": 2}, {"a": 3}]


@pytest.mark.parametrize("damage", ["a\tb\n1", "b\ta\n1\t2\n"])
def test_truncated_and_foreign_text_is_named(tmp_path, damage):
    (tmp_path / "1.tsv").write_text("a\tb\n1\t2\n")
    (tmp_path / "2.tsv").write_text(damage)
    with pytest.raises(DamagedFileError, match=r"2\.tsv is truncated, or no table like .*1\.tsv"):
        merge([tmp_path / "1.tsv", tmp_path / "2.tsv"], tmp_path / "all.tsv")
    assert not (tmp_path / "all.tsv").exists()


def test_truncated_tables_and_lists_are_named(tmp_path):
    path = tmp_path / "chunk.parquet"
    save_table(path, {"run": ["a"] * 1000, "init": list(range(1000))})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DamagedFileError, match=r"chunk\.parquet is truncated"):
        merge([path], tmp_path / "all.parquet")
    (tmp_path / "half.json").write_text('[{"a": 1')
    with pytest.raises(DamagedFileError, match=r"half\.json is truncated"):
        merge([tmp_path / "half.json"], tmp_path / "all.json")
