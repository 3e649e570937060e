"""From one C source to its mutants: each is the text with one small mistake in it.

Only code is changed: comments, strings, preprocessor lines, static assertions
and the labels of a switch are left alone. Every mutant must compile; one that
does not is a mistake of this file and is reported as such.
"""

import re
from dataclasses import dataclass

SWAPS = [
    (r"==", ["!="]),
    (r"!=", ["=="]),
    (r"&&", ["||"]),
    (r"\|\|", ["&&"]),
    (r"\|=", ["&=", "="]),
    (r"(?<![|&])\|(?![|=])", ["&"]),
    (r"(?<![-<])<(?![<=])", ["<=", ">="]),
    (r"(?<![\w)])!(?!=)", [""]),
    (r"\btrue\b", ["false"]),
    (r"\bfalse\b", ["true"]),
    (r"(?<![\w.])0(?![\w.])", ["1"]),
    (r"\bFACT_YES\b", ["FACT_NO", "FACT_UNKNOWN"]),
    (r"\bFACT_NO\b", ["FACT_YES", "FACT_UNKNOWN"]),
    (r"\bFACT_UNKNOWN\b", ["FACT_NO", "FACT_YES"]),
    (r"->missing\b", ["->unknown"]),
    (r"->unknown\b", ["->missing"]),
    (r"->asks\b", ["->missing"]),
    (r"\bfound\.missing\b", ["found.unknown"]),
    (r"\bfound\.unknown\b", ["found.missing", "found.asks"]),
    (r"\bfound\.asks\b", ["found.unknown"]),
    (r"\bchanges_schema\b", ["confirms"]),
    (r"\bconfirms\b", ["changes_schema"]),
]
"""What stands in the code, and what a tired hand writes instead."""

CIRCLES = [
    ["GUARD_ALLOW", "GUARD_ASK", "GUARD_LOOK", "GUARD_REFUSE"],
    ["GUARD_SAFE", "GUARD_WRITES", "GUARD_DESTRUCTIVE", "GUARD_RECOVERY", "GUARD_GENERATOR", "GUARD_STAMP"],
    ["GUARD_ASK_DESTROY", "GUARD_ASK_NAME"],
    ["GUARD_WARN_STAMP_MISMATCH", "GUARD_WARN_OTHER_STAMP", "GUARD_WARN_ROLE"],
]
"""Names of one kind: each is mistaken for the next."""


@dataclass(frozen=True)
class Mutant:
    path: str
    line: int
    kind: str
    before: str
    after: str
    text: str
    """The whole source with the mistake in it."""

    def __str__(self):
        return f"{self.path}:{self.line}: {self.kind}: `{self.before}` -> `{self.after}`"


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def code_only(text):
    """The text with everything that is not to be changed blanked out, byte for byte."""
    for pattern in (
        r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
        r"^[ \t]*#[^\n]*(?:\\\n[^\n]*)*",
        r"_Static_assert\s*\(.*?\);",
        r"\bcase\b[^:]*:",
        r"\[\s*GUARD_INDEX_\w+\s*\]",
    ):
        text = re.sub(pattern, blank, text, flags=re.DOTALL | re.MULTILINE)
    return text


def members_of(header, struct):
    body = re.search(r"struct %s \{(.*?)\n\};" % struct, header, re.DOTALL).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    return re.findall(r"\b(\w+);", body)


def circles_of(header):
    """The circles above, and those that the header itself holds."""
    reasons = ["GUARD_REASON_" + name for name in re.findall(r"X\(([A-Z_]+), \"", header)]
    facts = ["facts->" + name for name in members_of(header, "guard_facts")]
    return CIRCLES + [reasons, facts]


def replacements(code, header):
    """(kind, start, end, new text) of every small mistake."""
    for pattern, others in SWAPS:
        for match in re.finditer(pattern, code):
            for other in others:
                yield "swap", match.start(), match.end(), other
    for circle in circles_of(header):
        for index, name in enumerate(circle):
            for match in re.finditer(r"(?<![\w>])%s\b" % re.escape(name), code):
                yield "name", match.start(), match.end(), circle[(index + 1) % len(circle)]
                if len(circle) > 2:
                    yield "name", match.start(), match.end(), circle[index - 1]
    yield from conditions(code)
    yield from dropped_statements(code)


def conditions(code):
    """Each `if` as if its condition always held, and never."""
    for match in re.finditer(r"\bif \(", code):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
        condition = code[match.end():end - 1]
        yield "always", match.end(), end - 1, f"({condition}) || 1"
        yield "never", match.end(), end - 1, f"({condition}) && 0"


def dropped_statements(code):
    """Calls and assignments, left out one at a time."""
    statement = r"(?<=[;{})])(\s+)((?:else\s+)?)((?:\w+(?:->|\.))*\w+\s*(?:\(|\|=|=)[^;{}]*;)"
    for match in re.finditer(statement, code):
        first = match.group(3).split("(")[0].strip()
        if first in ("if", "for", "while", "switch", "return"):
            continue
        yield "dropped", match.start(3), match.end(3), ";"
    for match in re.finditer(r"(?<=\belse\n)(\s+)((?:\w+(?:->|\.))*\w+\s*(?:\(|\|=|=)[^;{}]*;)", code):
        yield "dropped", match.start(2), match.end(2), ";"


def mutants_of(path, text, header):
    found, seen = [], set()
    code = code_only(text)
    for kind, start, end, new in replacements(code, header):
        mutated = text[:start] + new + text[end:]
        if mutated in seen:
            continue
        seen.add(mutated)
        before = " ".join(text[start:end].split())
        found.append(Mutant(path, text.count("\n", 0, start) + 1, kind, before, " ".join(new.split()), mutated))
    return found
