"""Files of the configuration: what YAML allows and nobody means, and who is blamed for a value."""

import copy

import pytest
import torch

from pipeline.places import FileError, Places, key_lines
from pipeline.validation import ConfigurationError, check_configuration, check_machine
from tests.workflow.conftest import REPOSITORY
from tests.workflow.test_configuration import CONFIG, FILES, SCHEMA

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", r"mine\.yaml:3: 'a' is there twice"),
        ("a:\n  b: {c: 1, c: 2}\n", r"mine\.yaml:2: 'c' is there twice"),
        ("a: 0777\n", r"mine\.yaml:1: 0777 is not read as it is written"),
        ("a: [1, 0x10]\n", r"mine\.yaml:1: 0x10 is not read as it is written"),
        ("a: 1:30\n", r"mine\.yaml:1: 1:30 is not read as it is written"),
        ("a: 1\nb: [1, 2\nc: 3\n", r"mine\.yaml:3: no YAML"),
        ("a:\n\tb: 1\n", r"mine\.yaml:2: no YAML"),
        ("a: *b\n", r"mine\.yaml:1: no YAML"),
        # In YAML of all Python, each runs a command or imports what it names.
        (
            "a: 1\nb: !!python/object/apply:os.system [id]\n",
            r"mine\.yaml:2: tag .*os\.system is not",
        ),
        ("a: !!python/name:os.system\n", r"mine\.yaml:1: tag .*os\.system is not allowed"),
        ("a:\n- !secret 1\n", r"mine\.yaml:2: tag !secret is not allowed"),
        ("a: !!set {b, c}\n", r"mine\.yaml:1: tag .*set is not allowed"),
        ("__use_yte__: true\n?print(1): 2\n", r"mine\.yaml:1: templates are not read"),
        ("a: =\n", r"mine\.yaml:1: tag .*value is not allowed"),
        (BOMB, r"mine\.yaml: holds more than 100000 values"),
        ("a: &a {b: *a}\n", r"mine\.yaml:1: nests more than 30 levels"),
        ("a: " + "[" * 200 + "]" * 200, r"mine\.yaml:1: nests more than 30 levels"),
        ("a: 1\n".encode("utf-16"), r"mine\.yaml: is not UTF-8 text"),
        (None, r"mine\.yaml: cannot be read: No such file"),
    ],
)
def test_a_file_that_yaml_reads_otherwise_than_it_is_written_is_refused(tmp_path, content, said):
    path = tmp_path / "mine.yaml"
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=said):
        key_lines(str(path))


def test_decimal_numbers_and_quoted_ones_are_read(tmp_path):
    (tmp_path / "mine.yaml").write_text("a: [0, -5, 10_000, '0777', 1.5, 1e3]\n<<: {b: 1}\n")
    assert dict(key_lines(str(tmp_path / "mine.yaml"))) == {("a",): 1, ("<<",): 2, ("<<", "b"): 2}


def refused(tmp_path, change, text="", given=None) -> str:
    """Return how a changed configuration is refused, with a user's file or the command line."""
    config = copy.deepcopy(CONFIG)
    change(config)
    (tmp_path / "mine.yaml").write_text(text)
    files = [*(str(REPOSITORY / file) for file in FILES), str(tmp_path / "mine.yaml")]
    with pytest.raises(ConfigurationError) as caught:
        check_configuration(config, files, SCHEMA, given, len(FILES))
    return str(caught.value)


def test_the_users_file_is_blamed_for_a_value_that_only_its_runs_refuse(tmp_path):
    text = "defaults:\n  widths: [11, 4, 2]\n"
    said = refused(tmp_path, lambda config: config["defaults"].update(widths=[11, 4, 2]), text)
    assert "mine.yaml:2: runs.szt_tanh:" in said
    assert "config/config.yaml" not in said


def test_the_users_file_is_blamed_for_a_protocol_and_for_what_claims_lack(tmp_path):
    text = "protocols:\n  szt:\n    weight_decay: -1\n"
    said = refused(
        tmp_path, lambda config: config["protocols"]["szt"].update(weight_decay=-1), text
    )
    assert "mine.yaml:3: protocols.szt.weight_decay" in said
    text = "measurements:\n  gradients:\n    runs: [saxe_tanh, saxe_relu]\n"
    runs = {"runs": ["saxe_tanh", "saxe_relu"]}
    said = refused(tmp_path, lambda config: config["measurements"]["gradients"].update(runs), text)
    assert "mine.yaml:3: claims.C06" in said


def test_the_command_line_is_blamed_for_what_it_gave(tmp_path):
    given = {"defaults": {"epochs": 0}}
    said = refused(tmp_path, lambda config: config["defaults"].update(epochs=0), given=given)
    assert "--config: defaults.epochs: value 0" in said


def test_the_studys_own_file_is_named_where_nobody_else_gave_anything():
    files = [str(REPOSITORY / file) for file in FILES]
    place = Places(files, None, len(files)).of(("runs", "szt_tanh"), [("defaults",)])
    assert place.startswith(files[0] + ":")


def test_a_gpu_that_is_not_there_is_refused_by_whoever_asked_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (tmp_path / "mine.yaml").write_text("compute:\n  device: cuda\n")
    files = [*(str(REPOSITORY / file) for file in FILES), str(tmp_path / "mine.yaml")]
    config = {**CONFIG, "compute": {"engine": "torch", "device": "cuda"}}
    with pytest.raises(ConfigurationError) as caught:
        check_machine(config, files, None, len(FILES))
    said = str(caught.value)
    assert "mine.yaml:2: compute.device: value 'cuda', but PyTorch sees no GPU" in said
    check_machine(CONFIG, files, None, len(FILES))


SHELL = ("a b", "$(id)", "`id`", "a;b", "a|b", "a&b", "a>b", "a*", "a'b", 'a"b', "~a", "-rf", "a=b")
PATHS = ("", ".", "..", ".a", "a/b", "../a", "/a", "a\\b", "{run}", "<results>")
NOT_ASCII = ("é", "\uff41", "名", "a\u202eb", "a\u00a0b")


@pytest.mark.parametrize(
    "part",
    [
        *("tasks", "image_sets", "protocols", "runs", "estimators", "measurements", "models"),
        *("claims", "papers", "figures"),
    ],
)
def test_names_that_a_shell_or_a_file_system_would_read_otherwise_are_refused(part):
    config = copy.deepcopy(CONFIG)
    entry = next(iter(config[part].values()))
    wrong = (*SHELL, *PATHS, *NOT_ASCII)
    config[part] |= {name: copy.deepcopy(entry) for name in wrong}
    with pytest.raises(ConfigurationError) as caught:
        check_configuration(config, [], SCHEMA)
    _, *said = str(caught.value).splitlines()
    assert len(said) >= len(wrong)
    for name in wrong:
        assert any(repr(name) in line or f"{part}.{name}:" in line for line in said), name
