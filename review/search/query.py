"""What a person types in the search box, as a tree. PURE.

    steamer "last farewell" -harbour  (train OR tram)  hat NEAR/4 coat  sing*
    (speaker:rhett OR speaker:anna)  reel:12  title:"harbour day"  year:1910..1925
    language:en  checked:yes  kind:dialogue  -speaker:bert

Forgiving: a quote or bracket without its other half, an OR at an end, a field without a value are
taken away and said so in `Query.remarks`; nothing that is typed is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from review.search import fields
from review.search.fields import Field, Filters
from review.search.words import tokens, words

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

NEAREST = 5
"""Words that NEAR without a number allows from one to the other."""
AHEAD = 7
"""Words of the following lines that a line is indexed with."""
LONGEST_PHRASE = AHEAD + 1
MOST_CHARACTERS = 1000
MOST_WORDS = 40
MOST_BRACKETS = 20
"""Inside each other."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word, in any of its forms unless `exact`."""

    text: str
    exact: bool = False
    prefix: bool = False
    instead: tuple[str, ...] = ()
    """Words of the index that are meant, if the word itself is nowhere."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row, as they are written; of the last its beginning, if `prefix`."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """Two words with at most `apart - 1` others between them, in either order."""

    one: Word
    other: Word
    apart: int


@dataclass(frozen=True, slots=True)
class Both:
    """Everything in `parts`, and nothing of `without`."""

    parts: tuple[Node, ...]
    without: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Node, ...]


Node = Word | Phrase | Near | Both | Either


@dataclass(frozen=True, slots=True)
class Query:
    """A search."""

    node: Node | None
    """None: only filters were given, or nothing."""
    filters: Filters = field(default_factory=Filters)
    remarks: tuple[str, ...] = ()
    """What was read otherwise than typed, for people."""

    def is_empty(self) -> bool:
        return self.node is None and self.filters.is_empty()


def parse(text: str) -> Query:
    """Read a search. Never raises: see `Query.remarks`."""
    remarks: list[str] = []
    mended = _mended(text, remarks)
    if not mended:
        return Query(None, remarks=tuple(remarks))
    from lark.exceptions import UnexpectedInput  # a server's start would load it

    try:
        tree = _grammar().parse(mended)
    except UnexpectedInput:
        remarks.append("This could not be read as a search with signs, so its words are sought.")
        tree = _grammar().parse(" ".join(words(mended)) or "-")
    reader = _Reader(remarks)
    node = reader.node(cast("Tree[Token]", tree.children[0]))
    filters = Filters(tuple(reader.fields))
    is_only_taken = node is None or (isinstance(node, Both) and not node.parts)
    if is_only_taken and not filters.narrows() and (node or filters.fields):
        remarks.append("Say also what to find: a minus only takes away from what is found.")
        return Query(None, remarks=tuple(remarks))
    if node is not None:
        node = _limited(node, remarks)
    remarks += [
        f"{name}: was asked for twice, and nothing is both. Write OR between them for either."
        for name in fields.contradictions(filters.fields)
    ]
    return Query(node, filters, tuple(remarks))


@cache
def _grammar() -> Lark:
    from lark import Lark

    grammar = Path(__file__).with_name("query.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic")


def _mended(text: str, remarks: list[str]) -> str:
    """With typographic quotes as plain ones, and without what has no other half."""
    plain = re.sub("[“”„«»\u201f]", '"', text[:MOST_CHARACTERS].replace("\x00", " ")).strip()
    if plain.count('"') % 2:
        plain += '"'
        remarks.append("A quotation mark had no other half; the phrase was ended at the end.")
    if not _is_balanced(re.sub(r'"[^"]*"', "", plain)):
        plain = re.sub(r'("[^"]*")|[()]', lambda found: found[1] or " ", plain)
        remarks.append("Brackets without their other half, or too deep, were left out.")
    plain = re.sub(r"\(\s*\)", " ", _with_values(plain, remarks))
    for pattern in (r"^(\s*(OR|NEAR(/\d+)?)(?=\s|$))+", r"((?<=\s)(OR|NEAR(/\d+)?|-)\s*)+$"):
        plain, count = re.subn(pattern, "", plain)
        if count:
            remarks.append("OR and NEAR stand between two words; one at an end was left out.")
    return re.sub(r'("[^"]*")|\bAND(?=\s)|\bNOT\s+(?=[^\s)])', _sign, plain).strip()


FIELDS = fields.NAMES
_NAMED = rf"\b(?:{'|'.join(FIELDS)}):"
_APART = re.compile(rf'("[^"]*")|({_NAMED})\s+(?=[^\s()-])(?!{_NAMED}|(?:OR|NEAR)\b)', re.I)
_ALONE = re.compile(rf'("[^"]*")|({_NAMED})(?=[\s()]|$)', re.I)
_NO_FIELD = re.compile(r'"[^"]*"|(?<![^\s(-])([^\W\d_]{2,20}):(?=[^\s:/()])')


def _with_values(plain: str, remarks: list[str]) -> str:
    """A field goes with the word after it, also where a space stands between; what has none is
    left out, and what only looks like a field is said to be none."""
    joined = _APART.sub(lambda found: found[1] or found[2], plain)
    alone = [found[2] for found in _ALONE.finditer(joined) if found[2]]
    remarks += [f"{name.lower()} has nothing after it and was left out." for name in alone]
    strange = [found[1] for found in _NO_FIELD.finditer(joined) if found[1]]
    remarks += [
        f"{name}: is no field, so its words are sought. Fields are {', '.join(FIELDS)}."
        for name in dict.fromkeys(strange)
        if name.lower() not in FIELDS
    ]
    return _ALONE.sub(lambda found: found[1] or " ", joined)


def _sign(found: re.Match[str]) -> str:
    """AND is what stands between two words anyway, NOT a minus; inside a phrase both are words."""
    return found[1] or ("-" if found[0].startswith("NOT") else " ")


def _is_balanced(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if not 0 <= depth <= MOST_BRACKETS:
            return False
    return depth == 0


class _Reader:
    """Makes nodes of the grammar's tree, and gathers fields on the way."""

    def __init__(self, remarks: list[str]) -> None:
        self.remarks = remarks
        self.fields: list[Field] = []
        self.is_taken = False
        """Whether what is read stands behind a minus."""

    def node(self, tree: Tree[Token]) -> Node | None:
        return getattr(self, f"_{tree.data}")(tree.children)  # type: ignore[no-any-return]

    def _either(self, children: list[Any]) -> Node | None:
        nodes, gained = [], []
        first = len(self.fields)
        for child in children:
            before = len(self.fields)
            nodes.append(self.node(child))
            gained.append(self.fields[before:])
        if len(children) > 1 and any(gained):
            self._join(first, gained, has_words=any(node is not None for node in nodes))
        parts = [node for node in nodes if node is not None]
        return Either(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None

    def _join(self, first: int, gained: list[list[Field]], *, has_words: bool) -> None:
        """Let values of one field with OR between them be one field. Whatever else stands beside
        OR narrows the whole search, which is said."""
        each = [field for of_one in gained for field in of_one]
        is_plain = all(field.taken == self.is_taken for field in each)
        if self.is_taken and is_plain:
            return  # none of them may be there, which is what each says by itself
        names = dict.fromkeys(field.name for field in each)
        is_one_a_side = all(len(of_one) == 1 for of_one in gained)
        if has_words or not is_plain or not is_one_a_side or len(names) > 1:
            self._remark(
                "OR joins words, or values of one field; each field here narrows the whole search."
            )
        joined = [field for field in each if field.taken != self.is_taken]
        for name in names:
            ours = [field for field in each if field.name == name and field not in joined]
            if values := tuple(dict.fromkeys(value for field in ours for value in field.values)):
                joined.append(Field(name, values, self.is_taken))
        self.fields[first:] = joined

    def _remark(self, said: str) -> None:
        if said not in self.remarks:
            self.remarks.append(said)

    def _both(self, children: list[Any]) -> Node | None:
        parts: list[Node] = []
        without: list[Node] = []
        first = len(self.fields)
        for child in children:
            is_without = isinstance(child.children[0], str)  # a token, where others are trees
            self.is_taken ^= is_without
            node = self.node(child.children[-1])
            self.is_taken ^= is_without
            if node is not None:
                (without if is_without else parts).append(node)
        if self.is_taken and len(self.fields) > first and len(children) > 1:
            self._remark("Of brackets behind a minus, each field is taken away by itself.")
        if len(parts) == 1 and not without:
            return parts[0]
        return Both(tuple(parts), tuple(without)) if parts or without else None

    def _near(self, children: list[Any]) -> Node | None:
        node = self.node(children[0])
        found = [node] if node is not None else []
        for sign, child in zip(children[1::2], children[2::2], strict=True):
            other = self.node(child)
            if isinstance(node, Word) and isinstance(other, Word):
                if found[-1] is node:
                    found.pop()
                found.append(Near(node, other, self._apart(str(sign))))
            elif other is not None:
                self.remarks.append("NEAR stands between two single words; here it was left out.")
                found.append(other)
            node = other
        return Both(tuple(found)) if len(found) > 1 else found[0] if found else None

    def _apart(self, sign: str) -> int:
        wanted = int(sign.partition("/")[2] or NEAREST)
        if not 1 <= wanted <= AHEAD:
            self.remarks.append(f"NEAR reaches from 1 to {AHEAD} words.")
        return min(max(wanted, 1), AHEAD)

    def _phrase(self, children: list[Any]) -> Node | None:
        return self._in_a_row(words(str(children[0])), str(children[0]), exact=True)

    def _word(self, children: list[Any]) -> Node | None:
        written = str(children[0])
        found = words(written)
        if len(found) == 1:
            return Word(found[0], prefix=written.endswith("*"))
        return self._in_a_row(found, written, exact=False)

    def _in_a_row(self, found: list[str], written: str, *, exact: bool) -> Node | None:
        plain = written.strip('"').rstrip()
        if "*" in plain.removesuffix("*"):
            self._remark("A * stands at the end of a word or phrase; here it was left out.")
        if len(found) > LONGEST_PHRASE:
            self.remarks.append(f"A phrase is found by its first {LONGEST_PHRASE} words.")
        if len(found) == 1:
            return Word(found[0], exact=exact, prefix=plain.endswith("*"))
        begins = plain.endswith("*") and len(found) <= LONGEST_PHRASE
        return Phrase(tuple(found[:LONGEST_PHRASE]), begins) if found else None

    def _field(self, children: list[Any]) -> None:
        name, _, written = str(children[0]).partition(":")
        value = fields.read(name.lower(), written)
        if value is None:
            said = written.strip('"').strip()
            self.remarks.append(f"{name.lower()}:{said} says nothing here and was left out.")
            return
        self.fields.append(Field(name.lower(), (value,), self.is_taken))


def leaves(node: Node | None, *, negated: bool = False) -> Iterator[Word | Phrase]:
    """The words and phrases that are sought; also those of `-`, if asked."""
    match node:
        case Word() | Phrase():
            yield node
        case Near(one, other, _):
            yield from (one, other)
        case Both(parts, without):
            for part in (*parts, *(without if negated else ())):
                yield from leaves(part, negated=negated)
        case Either(parts):
            for part in parts:
                yield from leaves(part, negated=negated)


def _limited(node: Node, remarks: list[str]) -> Node | None:
    """Without what no person types, which the database would have to work on for minutes."""
    if sum(1 for _ in leaves(node, negated=True)) <= MOST_WORDS:
        return node
    remarks.append(f"Only the first {MOST_WORDS} words were looked for.")
    kept, _ = _cut(node, MOST_WORDS)
    return kept


def _cut(node: Node, room: int) -> tuple[Node | None, int]:
    """The node with its first `room` words, and how much room is left."""
    if not isinstance(node, Both | Either):
        size = sum(1 for _ in leaves(node))
        return (node, room - size) if size <= room else (None, 0)
    groups: list[list[Node]] = [[], []]
    for group, part in [
        *((0, part) for part in node.parts),
        *((1, part) for part in (node.without if isinstance(node, Both) else ())),
    ]:
        kept, room = _cut(part, room) if room else (None, 0)
        if kept is not None:
            groups[group].append(kept)
    if not any(groups):
        return None, room
    parts, without = map(tuple, groups)
    return (Both(parts, without) if isinstance(node, Both) else Either(parts)), room


def replaced(node: Node, words_instead: dict[str, tuple[str, ...]]) -> Node:
    """With other words in place of those that are nowhere in the index."""
    match node:
        case Word(text=text) if text in words_instead and not node.prefix:
            return replace(node, instead=words_instead[text])
        case Phrase(said):
            return replace(node, words=tuple(words_instead.get(each, (each,))[0] for each in said))
        case Near(one, other, apart):
            return Near(
                replaced(one, words_instead),  # type: ignore[arg-type]
                replaced(other, words_instead),  # type: ignore[arg-type]
                apart,
            )
        case Both(parts, without):
            return Both(tuple(replaced(part, words_instead) for part in parts), without)
        case Either(parts):
            return Either(tuple(replaced(part, words_instead) for part in parts))
    return node


def in_brackets(text: str) -> str:
    """What is typed, so that a field may be written behind it: an OR reaches to its end."""
    return (
        f"({text})" if len(parse(f"{text} kind:note").remarks) > len(parse(text).remarks) else text
    )


_AS_WRITTEN = re.compile(
    r'((?:speaker|reel|title|year|language|checked|kind):(?:"[^"]*"|\S+)|"[^"]*")', re.I
)
"""Fields with their value, and phrases."""


def retyped(text: str, words_instead: dict[str, tuple[str, ...]]) -> str:
    """What a person could have typed to ask for the other words at once; fields stay."""
    if not words_instead:
        return text
    typed = ""
    for number, part in enumerate(_AS_WRITTEN.split(text)):
        if number % 2 and not part.startswith('"'):
            typed += part
        else:
            typed += _retyped(part, words_instead, is_phrase=bool(number % 2))
    return typed


def _retyped(text: str, words_instead: dict[str, tuple[str, ...]], *, is_phrase: bool) -> str:
    typed, done = "", 0
    for token in tokens(text):
        if near := words_instead.get(token.word):
            is_one = is_phrase or len(near) == 1
            either = near[0] if is_one else f"({' OR '.join(near)})"
            typed += text[done : token.start] + either
            done = token.end
    return typed + text[done:]
