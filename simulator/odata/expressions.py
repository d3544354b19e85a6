"""Tokens to an expression tree: a Pratt parser for every option that holds expressions."""

from __future__ import annotations

import re
from typing import Final

import orjson

from windtunnel.simulator.odata.errors import NotSupported, ODataError
from windtunnel.simulator.odata.functions import BINDING, CANONICAL, FOLDED
from windtunnel.simulator.odata.literal_grammar import (
    SPECIAL,
    date,
    guid,
    moment,
    number,
    prefixed,
    string,
    time_of_day,
)
from windtunnel.simulator.odata.reader import Reader
from windtunnel.simulator.odata.tokens import Token
from windtunnel.simulator.odata.tree import (
    Aggregated,
    Alias,
    Binary,
    Call,
    Case,
    Collection,
    CountOf,
    Expression,
    Keyed,
    Lambda,
    Literal,
    Property,
    Record,
    TypeCast,
    TypeName,
    Unary,
    Variable,
)

LONGEST_CHAIN = 100
"""Operators in a row other than `and` and `or`, so that no walk over the tree goes too deep."""

_WORDS: Final = {
    "null": (None, "null"),
    "true": (True, "Edm.Boolean"),
    "false": (False, "Edm.Boolean"),
}
_AND: Final = BINDING["and"]
_BRACKETS: Final = {"{": 1, "}": -1, "[": 1, "]": -1}
_LITERALS: Final = {
    "string": string,
    "guid": guid,
    "moment": moment,
    "date": date,
    "time": time_of_day,
    "prefixed": prefixed,
}
_LAMBDAS = frozenset({"any", "all"})
_TYPE_FUNCTIONS = frozenset({"cast", "isof"})


def expression(reader: Reader, binding: int = 0) -> Expression:
    """Parse an expression whose operators bind tighter than `binding`."""
    reader.deeper()
    left = _unary(reader)
    for _ in range(LONGEST_CHAIN):
        token = reader.tokens[reader.index]
        if not reader.stands_apart(token) or not (operator := reader.operator(token)):
            break
        power = BINDING[operator]
        if power <= binding:
            break
        if power <= _AND:
            left = _chain(reader, left, operator, power)
        else:
            left = _binary(reader, left, operator, power)
    else:
        raise ODataError("The query has too many operators in a row.", reader.token.start)
    reader.depth -= 1
    return left


def _chain(reader: Reader, left: Expression, operator: str, power: int) -> Expression:
    """`a and b and ...` of any length: a balanced tree, so that no later walk goes deep."""
    position, operands = reader.token.start, _operands(left, operator)
    reader.dialect.require_operator(operator, position)
    while True:
        following = reader.tokens[reader.index]
        if not reader.stands_apart(following) or reader.operator(following) != operator:
            return _balanced(operator, operands, position)
        _past_operator(reader)
        operands += _operands(expression(reader, power), operator)


def _past_operator(reader: Reader) -> None:
    reader.index += 1
    following = reader.tokens[reader.index]
    if not following.spaced and following.kind != "end":
        raise reader.error("a blank is expected behind an operator")


def _operands(node: Expression, operator: str) -> list[Expression]:
    if isinstance(node, Binary) and node.operator == operator:
        return _operands(node.left, operator) + _operands(node.right, operator)
    return [node]


def _balanced(operator: str, operands: list[Expression], position: int) -> Expression:
    if len(operands) == 1:
        return operands[0]
    half = len(operands) // 2
    left = _balanced(operator, operands[:half], position)
    return Binary(operator, left, _balanced(operator, operands[half:], position), position)


def _binary(reader: Reader, left: Expression, operator: str, power: int) -> Expression:
    position = reader.tokens[reader.index].start
    reader.dialect.require_operator(operator, position)
    _past_operator(reader)
    if operator == "in":
        right: Expression = _list(reader) if reader.is_punct("(") else expression(reader, power)
        right = _postfix(reader, right)
        if isinstance(right, Literal) and right.edm not in {"json", "null"}:
            raise ODataError(
                f"Syntax error: a collection is expected at position {right.position} in "
                f"'{reader.text}'.",
                right.position,
            )
    else:
        right = expression(reader, power)
        if operator == "has" and not _may_be_member(right):
            raise ODataError(
                f"Syntax error: a member of an enumeration is expected at position "
                f"{right.position} in '{reader.text}'.",
                right.position,
            )
    return Binary(operator, left, right, position)


def _may_be_member(node: Expression) -> bool:
    """What may stand behind `has`; a string is a member whose type the left side tells."""
    if isinstance(node, Literal):
        return node.edm == "Edm.String" or not node.edm.startswith("Edm.")
    return isinstance(node, Alias)


def _list(reader: Reader) -> Expression:
    start = reader.expect("(").start
    if reader.accept(")"):
        return Collection((), position=start)
    items = [expression(reader)]
    while isinstance(items[-1], Literal) and reader.accept(","):
        items.append(expression(reader))
    if not isinstance(items[-1], Literal) and len(items) > 1:
        raise reader.error("a list holds literals only")
    reader.expect(")")
    if isinstance(items[0], (Property, Alias, Variable, Keyed, Call, Collection)):
        return items[0]
    return Collection(tuple(items), position=start)


def _unary(reader: Reader) -> Expression:
    token = reader.tokens[reader.index]
    kind = token.kind
    if kind == "punct":
        if token.text == "-":
            return _negated(reader, token)
        if token.text == "+":
            reader.index += 1
            if reader.token.kind != "number" or reader.token.spaced:
                raise reader.error("a number is expected behind '+'")
    elif kind == "name" and _is_not(reader, token):
        reader.dialect.require_operator("not", token.start)
        reader.index += 1
        return Unary("not", _operand(reader), token.start)
    left = _primary(reader)
    return _postfix(reader, left) if reader.tokens[reader.index].text == "/" else left


def _negated(reader: Reader, token: Token) -> Expression:
    reader.index += 1
    following = reader.token
    if not following.spaced and (following.kind == "number" or following.text in SPECIAL):
        reader.index += 1
        return _negative(reader, following.text, token.start)
    reader.dialect.require_operator("negate", token.start)
    return Unary("-", _operand(reader), token.start)


def _negative(reader: Reader, text: str, start: int) -> Literal:
    if text == "NaN":
        raise ODataError(f"Syntax error at position {start} in '{reader.text}'.", start)
    if text == "INF":
        return Literal(float("-inf"), "Edm.Double", start)
    return number(f"-{text}", start)


def _is_not(reader: Reader, token: Token) -> bool:
    """Whether a name is the operator `not`, not a property of that name."""
    if token.text != "not" and not (reader.folds and token.text.lower() == "not"):
        return False
    following = reader.tokens[reader.index + 1]
    if bool(reader.operator(following)) and following.spaced:
        return not reader.tokens[reader.index + 2].spaced
    return following.spaced or following.text == "("


def _operand(reader: Reader) -> Expression:
    """What a unary operator applies to: `not a eq b` is `(not a) eq b`."""
    reader.deeper()
    operand = _unary(reader)
    reader.depth -= 1
    return operand


def _primary(reader: Reader) -> Expression:
    token = reader.tokens[reader.index]
    reader.index += 1
    kind = token.kind
    if kind == "name":
        return _named(reader, token)
    if kind == "number":
        return number(token.text, token.start)
    if kind in _LITERALS:
        return _LITERALS[kind](token, reader.text)
    if kind == "alias":
        text = token.text
        is_term = "." in text or "#" in text
        return Property(text, None, token.start) if is_term else Alias(text, token.start)
    if kind == "system":
        return _system(reader, token)
    if kind == "punct":
        return _punctuated(reader, token)
    if kind == "phrase" and reader.in_json:
        return Literal(_unquoted(token), "Edm.String", token.start)
    reader.index -= 1
    raise reader.error("expression expected")


def _punctuated(reader: Reader, token: Token) -> Expression:
    if token.text == "(":
        inner = expression(reader)
        reader.expect(")")
        return inner
    if token.text == "[":
        return _array(reader, token)
    if token.text == "{":
        return _object(reader, token)
    reader.index -= 1
    raise reader.error("expression expected")


def _array(reader: Reader, token: Token) -> Expression:
    items: list[Expression] = []
    reader.deeper()
    reader.in_json += 1
    if not reader.is_punct("]"):
        items.append(expression(reader))
        while reader.accept(","):
            items.append(expression(reader))
    if not reader.accept("]"):
        raise ODataError(
            "Invalid JSON. A comma character ',' was expected in scope 'Array'. Every two elements "
            "in an array and properties of an object must be separated by commas.",
            reader.token.start,
        )
    reader.depth -= 1
    reader.in_json -= 1
    return Collection(tuple(items), brackets=True, position=token.start)


_TEXTS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|\'((?:[^\'\\]|\\.|\'\')*+)\'')


def _in_double_quotes(found: re.Match[str]) -> str:
    """A text of JSON in single quotes, as JSON has it; one in double quotes stays."""
    if found[1] is None:
        return found[0]
    text: str = found[1].replace("''", "'")
    return orjson.dumps(text).decode()


def _object(reader: Reader, token: Token) -> Expression:
    first, level = reader.index, 1
    while level:
        here = reader.token
        if here.kind in {"end", "bad"}:
            raise reader.error("'}' expected")
        level += _BRACKETS.get(here.text, 0)
        if level > reader.dialect.depth:
            raise reader.too_deep()
        reader.index += 1
    text = reader.text[token.start : reader.tokens[reader.index - 1].end]
    if reader.dialect.single_quoted_json:
        text = _TEXTS.sub(_in_double_quotes, text)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        reader.index = first
        return _record(reader, token)
    return Literal(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode(), "json", token.start)


def _record(reader: Reader, token: Token) -> Record:
    """An object that holds expressions."""
    members: list[tuple[str, Expression]] = []
    reader.deeper()
    reader.in_json += 1
    while True:
        name = reader.token
        if name.kind != "phrase":
            raise reader.error("a member name in quotation marks is expected")
        reader.index += 1
        reader.expect(":")
        members.append((_unquoted(name), expression(reader)))
        if not reader.accept(","):
            break
    reader.expect("}")
    reader.depth -= 1
    reader.in_json -= 1
    return Record(tuple(members), token.start)


def _unquoted(token: Token) -> str:
    try:
        return str(orjson.loads(token.text))
    except orjson.JSONDecodeError as error:
        raise ODataError(f"Invalid JSON. {error}", token.start) from error


def _system(reader: Reader, token: Token) -> Expression:
    if token.text not in {"$it", "$root", "$this", "$these"}:
        raise ODataError(f"Syntax error at position {token.start} in '{reader.text}'.", token.start)
    variable = Variable(token.text, token.start)
    if token.text != "$root":
        return variable
    reader.expect("/")
    first = reader.name()
    found: Expression = Property(first.text, variable, first.start)
    if reader.is_punct("("):
        found = Keyed(found, key_predicate(reader), first.start)
    return found


def key_predicate(reader: Reader) -> tuple[tuple[str, Expression], ...]:
    """`(value)` or `(name=value,...)`; a single value has the name ``."""
    reader.expect("(")
    pairs: list[tuple[str, Expression]] = []
    seen: set[str] = set()
    if reader.accept(")"):
        return ()
    while True:
        token = reader.token
        following = reader.tokens[min(reader.index + 1, len(reader.tokens) - 1)]
        if token.kind == "name" and following.kind == "punct" and following.text == "=":
            reader.index += 2
            if token.text in seen:
                raise ODataError(f"The key property '{token.text}' is given twice.", token.start)
            seen.add(token.text)
            pairs.append((token.text, _unary(reader)))
        else:
            pairs.append(("", _unary(reader)))
        if not reader.accept(","):
            break
    closing = reader.expect(")")
    if len(pairs) > 1 and any(not name for name, _ in pairs):
        raise ODataError("A key of several values must name each of them.", closing.start)
    return tuple(pairs)


def _named(reader: Reader, token: Token) -> Expression:
    text, start = token.text, token.start
    following = reader.tokens[reader.index]
    if following.text == "(" and not following.spaced:
        return call(reader, token, None)
    word = text.lower() if reader.folds else text
    if word in _WORDS:
        value, edm = _WORDS[word]
        return Literal(value, edm, start)
    if "." in text:
        if text.endswith(".*"):
            reader.index -= 1
            raise reader.error()
        if following.text not in {"/", "with"}:
            raise reader.error("a member of the type is expected")
        return TypeCast(text, None, start)
    if text in SPECIAL:
        return Literal(SPECIAL[text], "Edm.Double", start)
    if text in reader.variables:
        return Variable(text, start)
    return Property(text, None, start)


def _postfix(reader: Reader, left: Expression) -> Expression:
    """Everything behind a `/`."""
    length = 0
    while reader.is_punct("/"):
        length += 1
        if length > LONGEST_CHAIN:
            raise reader.error("the path is too long")
        if isinstance(left, (Literal, Collection, Binary, Unary, Lambda, CountOf, Aggregated)):
            raise reader.error()
        if reader.token.spaced:
            raise reader.error("unexpected blank")
        reader.index += 1
        token = reader.token
        if token.spaced and token.kind != "end":
            raise reader.error("unexpected blank")
        if token.kind == "system" and token.text == "$filter":
            reader.index += 1
            reader.expect("(")
            left = Call("$filter", (expression(reader),), (), left, token.start)
            reader.expect(")")
            if reader.is_punct("("):
                left = Keyed(left, key_predicate(reader), token.start)
            continue
        if token.kind == "alias":
            reader.index += 1
            left = Property(token.text, left, token.start)
            continue
        if token.kind == "system" and token.text == "$count":
            reader.index += 1
            left = _count_of(reader, left, token)
            continue
        reader.name()
        if reader.is_punct("("):
            if (kind := reader.folded(token.text)) in _LAMBDAS:
                left = _lambda(reader, left, token, kind)
            elif token.text == "aggregate":
                left = _aggregated(reader, left, token)
            else:
                left = call(reader, token, left)
        elif "." in token.text:
            left = TypeCast(token.text, left, token.start)
        else:
            left = Property(token.text, left, token.start)
    return left


def _count_of(reader: Reader, of: Expression | None, token: Token) -> CountOf:
    if not reader.dialect.count_segments:
        raise ODataError("The query node Count is not supported.", token.start)
    if not reader.is_punct("("):
        return CountOf(of, position=token.start)
    from windtunnel.simulator.odata.options import nested_options

    options = nested_options(reader, frozenset({"$filter", "$search"}))
    return CountOf(of, options.filter, options.search, token.start)


def _aggregated(reader: Reader, of: Expression, token: Token) -> Aggregated:
    from windtunnel.simulator.odata.apply import aggregate_item

    if reader.dialect.transformations is not None:
        raise NotSupported(reader.dialect.refuse_function("aggregate"), token.start)
    reader.expect("(")
    item = aggregate_item(reader, with_alias=False)
    reader.expect(")")
    return Aggregated(of, item, token.start)


def _lambda(reader: Reader, of: Expression, token: Token, kind: str) -> Lambda:
    if not reader.dialect.lambdas:
        raise ODataError(f"The query node {kind.title()} is not supported.", token.start)
    reader.expect("(")
    if reader.accept(")"):
        if kind == "all":
            reader.index -= 1
            raise reader.error("a predicate is expected in 'all'")
        return Lambda("any", of, position=token.start)
    variable = reader.identifier("range variable")
    reader.expect(":")
    reader.variables.append(variable.text)
    predicate = expression(reader)
    reader.variables.pop()
    reader.expect(")")
    return Lambda(kind, of, variable.text, predicate, token.start)


def call(reader: Reader, token: Token, of: Expression | None) -> Expression:
    """A function whose name, `token`, was read; bound to `of` if it is behind a path."""
    name = token.text
    if of is None and reader.folds:
        name = FOLDED.get(name.lower(), name)
    if of is None and name in _LAMBDAS:
        raise reader.error("a collection is expected")
    if name == "case" and of is None:
        return _case(reader, token)
    reader.dialect.require_function(name, token.start)
    reader.expect("(")
    arguments: list[Expression] = []
    named: list[tuple[str, Expression]] = []
    while not reader.is_punct(")"):
        first = reader.token
        following = reader.tokens[min(reader.index + 1, len(reader.tokens) - 1)]
        if first.kind == "name" and following.text == "=":
            reader.index += 2
            named.append((first.text, expression(reader)))
        elif name in _TYPE_FUNCTIONS and of is None and _is_type(first, following):
            arguments.append(_type_name(reader))
        else:
            arguments.append(expression(reader))
        if not reader.accept(","):
            break
        if reader.is_punct(")"):
            raise reader.error("expression expected")
    reader.expect(")")
    if name in CANONICAL and of is None:
        _check_arity(name, len(arguments), bool(named), token)
    elif len(arguments) == 1 and not named and isinstance(arguments[0], (Literal, Alias)):
        return Keyed(Property(name, of, token.start), (("", arguments[0]),), token.start)
    elif arguments or len({key for key, _ in named}) != len(named):
        raise ODataError(
            f"An unknown function with name '{name}' was found. This may also be a function "
            "import or a key lookup on a navigation property, which is not allowed.",
            token.start,
        )
    return Call(name, tuple(arguments), tuple(named), of, token.start)


def _check_arity(name: str, count: int, has_named: bool, token: Token) -> None:
    fewest, most = CANONICAL[name]
    if has_named or not fewest <= count <= most:
        raise ODataError(
            f"No function signature for the function with name '{name}' matches the specified "
            f"arguments. The function takes {fewest if fewest == most else f'{fewest} to {most}'}.",
            token.start,
        )


def _is_type(first: Token, following: Token) -> bool:
    """Whether the last argument of `cast` and `isof` is next."""
    return first.text == "Collection" or following.text == ")"


def _type_name(reader: Reader) -> TypeName:
    token = reader.name()
    if token.text != "Collection":
        return TypeName(token.text, token.start)
    reader.expect("(")
    inner = reader.name()
    reader.expect(")")
    return TypeName(f"Collection({inner.text})", token.start)


def _case(reader: Reader, token: Token) -> Case:
    reader.expect("(")
    branches: list[tuple[Expression, Expression]] = []
    while True:
        condition = expression(reader)
        reader.expect(":")
        branches.append((condition, expression(reader)))
        if not reader.accept(","):
            break
    reader.expect(")")
    return Case(tuple(branches), token.start)
