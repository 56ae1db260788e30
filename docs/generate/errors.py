"""Error codes, read from the source: wherever one is raised with a code, here is its row."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.generate.tables import table

INTRODUCTION = """# Errors

Codes never change once they are released; sentences may. Where a sentence holds a value, `...` stands for it.

The API answers `{"type": ..., "errors": [{"code": ..., "detail": ..., "attr": ...}]}`. Uploads that were refused carry code
and sentence in `refusal`, generations in `failure`.
"""
# %(title)s and {title}
NAMED_VALUE = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
FAMILIES = {
    "InvalidInput": "400",
    "NotEnoughCredit": "402",
    "OverdraftError": "402",
    "NotAllowed": "403",
    "InsufficientScope": "403",
    "NotFound": "404",
    "Conflict": "409",
    "Changed": "412",
    "KeyReusedError": "409",
    "Unavailable": "503",
}
# Raised with the code first: about a file, and about a job.
FILE_ERRORS = {"HeaderError", "UnsupportedFileError", "FileRefused"}
JOB_ERRORS = {"JobRefusedError"}
# Said in place of a framework's own words: status, code, sentence.
FRAMEWORK_ERRORS = {"Sentence"}


@dataclass(frozen=True, order=True)
class Code:
    """`where` is an HTTP status, `file` or `job`."""

    where: str
    code: str
    sentence: str


def page(root: Path) -> str:
    found = codes(root)
    parts = [INTRODUCTION]
    for heading, wanted in (
        ("Answers of the API and the pages", {code.where for code in found} - {"file", "job"}),
        ("Refused uploads", {"file"}),
        ("Failed generations", {"job"}),
    ):
        rows = [(f"`{code.code}`", code.where, code.sentence) for code in found if code.where in wanted]
        parts += [f"## {heading}\n", table(("code", "status", "sentence"), rows)]
    return "\n".join(parts)


def codes(root: Path) -> list[Code]:
    """Every code in the source, once with each of its sentences."""
    files = [file for part in ("hub", "marketplace", "plugins", "serving") for file in (root / part).rglob("*.py")]
    return sorted({code for file in files for code in _codes_in(ast.parse(file.read_text()))})


def _codes_in(tree: ast.Module) -> Iterator[Code]:
    _put_variables_in_place(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _raised(node, node.func.id)
        if isinstance(node, ast.Dict):
            yield from _stored(node)
        if isinstance(node, ast.ClassDef) and node.name in FAMILIES:
            yield from _of_class(node)


def _put_variables_in_place(tree: ast.Module) -> None:
    """`message = _("..."); raise Refusal(message)` reads as if the text stood in the call."""
    assigned: dict[str, list[tuple[int, ast.expr]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            # Its end: a name within the value means an earlier one, and in its place the value would hold itself.
            assigned.setdefault(node.targets[0].id, []).append((node.end_lineno or node.lineno, node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            node.args = [_last_value(argument, assigned) for argument in node.args]
        elif isinstance(node, ast.BinOp):
            node.left = _last_value(node.left, assigned)
        elif isinstance(node, ast.Dict):
            node.values = [_last_value(value, assigned) for value in node.values]


def _last_value(node: ast.expr, assigned: dict[str, list[tuple[int, ast.expr]]]) -> ast.expr:
    if not isinstance(node, ast.Name):
        return node
    before = [(line, value) for line, value in assigned.get(node.id, ()) if line < node.lineno]
    return max(before, key=lambda found: found[0])[1] if before else node


def _raised(call: ast.Call, name: str) -> Iterator[Code]:
    if name in FAMILIES:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        code = given.get("code")
        if isinstance(code, ast.Constant) and call.args:
            yield Code(FAMILIES[name], str(code.value), _sentence(call.args[0]))
    elif name in FILE_ERRORS | JOB_ERRORS and len(call.args) >= 2 and isinstance(call.args[0], ast.Constant):
        where = "file" if name in FILE_ERRORS else "job"
        yield Code(where, str(call.args[0].value), _sentence(call.args[1]))
    elif name in FRAMEWORK_ERRORS:
        yield Code(*map(_sentence, call.args))


def _stored(node: ast.Dict) -> Iterator[Code]:
    """`{"refusal_code": "...", "refusal_message": ...}`: a file refused without an exception."""
    fields = {
        key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    }
    code, message = fields.get("refusal_code"), fields.get("refusal_message")
    if isinstance(code, ast.Constant) and message is not None:
        yield Code("file", str(code.value), _sentence(message))


def _of_class(node: ast.ClassDef) -> Iterator[Code]:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            yield Code(
                FAMILIES[node.name], str(statement.value.value), ast.get_docstring(node) or "the family's own code"
            )


def _sentence(node: ast.expr) -> str:
    """The text of a literal, an f-string, a translated text or a formatted one; the rest is `...`."""
    if isinstance(node, ast.Constant):
        return str(node.value).replace("%%", "%")
    if isinstance(node, ast.JoinedStr):
        return "".join(_sentence(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return NAMED_VALUE.sub("...", _sentence(node.left))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return NAMED_VALUE.sub("...", _sentence(node.func.value))
    if isinstance(node, ast.Call) and node.args:
        return _sentence(node.args[0])
    return "..."
