"""Write the key tables of config/README.md from the schema: `python docs/keys.py`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "config/README.md"
SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
MARK = re.compile(r"(<!-- keys: ([\w./$*-]+) -->\n).*?(<!-- end of keys -->)", re.DOTALL)
BOUNDS = (
    ("exclusiveMinimum", "above {}"),
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "below {}"),
)


def resolved(node: dict, schema: dict) -> dict:
    """Follow a reference; what stands beside it wins."""
    if "$ref" not in node:
        return node
    target = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return resolved(target, schema) | {key: node[key] for key in node if key != "$ref"}


def allowed(node: dict, schema: dict) -> str:
    """Say in words what a key's value may be."""
    node = resolved(node, schema)
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if "oneOf" in node:
        return " or ".join(filter(None, (allowed(part, schema) for part in node["oneOf"])))
    kind = node.get("type", "")
    if kind == "array":
        return f"list of: {allowed(node.get('items', {}), schema)}"
    if kind == "object":
        return "mapping"
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    bounds = [text.format(node[key]) for key, text in BOUNDS if key in node]
    return " ".join([kind, ", ".join(bounds)]).strip()


def key_rows(path: str, schema: dict) -> list[str]:
    """Return a line of the table for each key below a place of the schema."""
    node = schema
    for part in path.split(".") if path != "top" else ():
        if part == "*":
            node = node["additionalProperties"]
        elif part == "$defs":
            node = node["$defs"]
        else:
            node = node.get("properties", node)[part]
        node = resolved(node, schema)
    required = node.get("required", ())
    rows = ["| key | value | meaning |", "|---|---|---|"]
    for key, below in node["properties"].items():
        text = " ".join(resolved(below, schema).get("description", "").split())
        name = f"`{key}`" + (" (needed)" if key in required else "")
        rows.append(f"| {name} | {allowed(below, schema).replace('|', '/')} | {text} |")
    return rows


def filled(text: str) -> str:
    """Fill every marked place of a text with its table."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))

    def table(found: re.Match) -> str:
        return found[1] + "\n".join(key_rows(found[2], schema)) + "\n" + found[3]

    return MARK.sub(table, text)


def main() -> None:
    """Write the file anew."""
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
