"""How doses are written on prescriptions, and what a file says in its place: `20 mg BID`, `10 mg/kg (max 800 mg)`, `5-10 mg/kg`.

How often on each day is read where the words have one meaning, `BID`, `three times a day`, and shown in the language's own. Nothing else of
this is read as a dose: an abbreviation that is misread is a wrong dose (ISMP's list of error-prone abbreviations). What each means is put
into a hint, which can be typed as it stands.
"""

from __future__ import annotations

import re

from nmosd_dosing.dose.units import WRITTEN
from nmosd_dosing.errors import clip, counted
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.shapes import PhraseError

_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?"
_UNIT = rf"(?:{'|'.join(WRITTEN)})(?:/kg|/m2)?(?![^\W\d_])"
_AMOUNT = rf"{_NUMBER}\s*{_UNIT}"

_A_DAY = r"(?:daily|(?:a|per|each|every) day)"
_READ = (  # how often on each day, in words that are read
    (rf"(?:[Bb]\.?[Ii]\.?[Dd]\.?|[Tt]wice (?:a|per|each|every) day|(?:two|2) times {_A_DAY})", "twice daily"),
    (rf"(?:[Tt]\.?[Ii]\.?[Dd]\.?|[Tt]hree times {_A_DAY}|3 times (?:a|per|each|every) day)", "3 times daily"),
    (rf"(?:[Qq]\.?[Ii]\.?[Dd]\.?|[Ff]our times {_A_DAY}|4 times (?:a|per|each|every) day)", "4 times daily"),
    (rf"(?:[Qq]\.?[Dd]\.?|[Oo]nce {_A_DAY}|[Ee]very day|[Ee]ach day)", "daily"),
)
READ_DAILY = "|".join(pattern for pattern, _ in _READ)
_NAMED_DOSE = r"[^\W\d_](?:(?!\s[0-9]).)*\s[a-z][a-z0-9-]*"  # a product and a rule of it
_OFTEN = (  # how often on each day of a course
    (r"(?:b\.?i\.?d|q\s?12\s?h|every 12 (?:h|hours)|2\s?x (?:daily|a day)|twice (?:a|per) day)", "twice daily"),
    (r"(?:t\.?i\.?d|q\s?8\s?h|every 8 (?:h|hours)|3\s?x (?:daily|a day))", "3 times daily"),
    (r"(?:q\.?i\.?d|q\s?6\s?h|every 6 (?:h|hours)|4\s?x (?:daily|a day))", "4 times daily"),
    (r"(?:q\.?d|o\.?d|q\s?24\s?h|every 24 (?:h|hours)|once daily|once (?:a|per) day|every day|each day|per day|a day|daily)", "daily"),
    (r"(?:p\.?r\.?n|(?:if|when|as) (?:needed|required)|on demand)", "as needed"),
)
_LENGTHS = {"d": "day", "w": "week", "m": "month", "y": "year"}
_ROUTES = (
    r"p\.?o|i\.?v|s\.?c|i\.?m|i\.?t|orally|oral|intravenous(?:ly)?|subcutaneous(?:ly)?|intramuscular(?:ly)?|by mouth|infusion|injection"
)
_OVER = rf"over\s+(?:an?\s+)?({_NUMBER})\s*(min(?:ute)?s?|h(?:(?:ou)?rs?)?)\b\.?"
_CAP = rf"(?i)(?:max(?:imum|\.)?|up to|at most|capped at|not (?:more than|to exceed)|no more than)\s*(?:of\s*|dose\s*)*({_AMOUNT})\)?"
_TAPER = rf"{_AMOUNT}.*?(?:\b(?:then|followed by|taper\w*|reduc\w*|decreas\w*|increas\w*)\b|→|->)"

_BY_RULE = (
    rf"(?i)\S.*?\s(?P<from>{_AMOUNT})(?:\s+(?:once\s+)?daily)?,?\s+(?:then\s+)?(?:taper|reduc|decreas)(?:ed|ing)?\s+by\s+(?P<by>{_AMOUNT})\s+"
    r"(?:(?:every|each|per|a)\s+)?(?:(?P<days>[1-9][0-9]{0,2})\s+days|(?P<weeks>[1-9][0-9]?)\s+weeks|(?P<day>day|daily)|week|weekly)\s+"
    rf"(?:down\s+)?(?:to|until)\s+(?P<until>(?!0){_AMOUNT})"
)


def in_own_words(text: str) -> str:
    """A dose in which how often on each day stands in the language's words, directly behind the amount or the rule."""
    rest = rf"$|\s+(?:at|over)\b.*|\s+{_NUMBER}\s*(?:min|h)\s.*"
    match = re.match(rf"(?P<dose>\S.*?\s{_AMOUNT}|{_NAMED_DOSE})\s+(?P<often>{READ_DAILY})(?P<rest>{rest})", text)
    if match is None:
        return text
    words = next(words for pattern, words in _READ if re.fullmatch(pattern, match["often"]))
    return f"{match['dose']} {words}{match['rest']}"


def refuse_prescription(text: str, node: Scalar, behind: str = "") -> None:
    """Raises PhraseError for a text that holds an amount and is written as on a prescription, with what to type. behind: what stood
    behind the amount and has been read, such as `as needed`, so that no hint loses it."""
    _refuse_taper(text, node)
    _refuse_range(text, node)
    match = re.match(rf"(?P<product>\S.*?)\s+(?P<amount>{_AMOUNT})\s*[,(]*\s*(?P<more>\S.*)$", text)
    if match is None:
        return
    product, amount, more = match["product"], match["amount"], match["more"]
    if cap := re.fullmatch(rf"{_CAP}(?P<rest>\s+(?:over\b|{_NUMBER}\s*(?:min|h)\s).*)?", more):
        rule = f"doses: {{capped: {{amount: {amount}, at most: {cap[1]}}}}}"
        wrong = f"a highest dose behind an amount: `{clip(text)}`"
        raise PhraseError(wrong, node.place, f"write `{product} capped{cap['rest'] or ''}` here, and under the product `{rule}`")
    if lead := re.search(rf"({_NUMBER})\s*(?:-|–|—|to)\s*({_NUMBER})\s*(min|h)\s+(?:before|after)\b", more):
        hint = f"write one of the two, `{lead[1]} {lead[3]}` or `{lead[2]} {lead[3]}`, and the other in `note`"
        raise PhraseError(f"two lead times for one dose: `{clip(lead[0])}`", node.place_of(f"{lead[0]}"), hint)
    _refuse_words(product, amount, more, node, behind)


def refuse_described_amount(text: str, node: Scalar, *, ranged: bool) -> None:
    """The same for the amount of a dose rule, which may be a range, and for others: raises PhraseError for a range that is written
    otherwise or cannot be one, or an amount with its highest dose."""
    _refuse_range(text, node, ranged=ranged)
    if (match := re.match(rf"({_AMOUNT})\s*[,(]*\s*(\S.*)$", text)) and (cap := re.fullmatch(_CAP, match[2])):
        hint = f"write `{{amount: {match[1]}, at most: {cap[1]}}}` for the whole rule"
        raise PhraseError(f"a highest dose behind an amount: `{clip(text)}`", node.place, hint)


def _refuse_taper(text: str, node: Scalar) -> None:
    lasting = re.findall(rf"({_AMOUNT})[^,;]*?\b(?:for|x)\s*([0-9]{{1,4}})\s*(d|w)", text)
    if not re.search(_TAPER, text, re.IGNORECASE) and len(lasting) < 2:
        return
    product = re.split(rf"\s+{_AMOUNT}", text)[0]
    if rule := re.fullmatch(_BY_RULE, text):
        days = 1 if rule["day"] else int(rule["days"] or 7 * int(rule["weeks"] or 1))
        said = f"{product} {rule['from']} daily, reduced by {rule['by']} every {counted(days, 'day')} until {rule['until']}"
        raise PhraseError(f"a taper that is written otherwise: `{clip(text)}`", node.place, f"write `{said}`")
    amounts = re.findall(_AMOUNT, text)
    if re.search(r"\b(?:taper|reduc|decreas|increas)", text, re.IGNORECASE):  # the second amount may be the difference
        amounts = amounts[:1]
    steps, begin = [], 1
    for amount in amounts[:3]:
        days = next((int(number) * (7 if unit == "w" else 1) for found, number, unit in lasting if found == amount), 7)
        steps.append(f"`{{at: D{begin} to D{begin + days - 1}, give: {product} {amount} daily}}`")
        begin += days
    more = " and so on" if len(steps) == 1 or len(amounts) > len(steps) else ""
    hint = f"write each step as an entry of its own, with its days: {', '.join(steps)}{more}"
    raise PhraseError(f"several steps in one dose: `{clip(text)}`", node.place, hint)


def _refuse_range(text: str, node: Scalar, *, ranged: bool = True) -> None:
    """A range that is not written as one; any at all, where an amount cannot be one."""
    match = re.search(rf"(?<!\S)({_NUMBER})\s*({_UNIT})?\s*(to|-|–|—|~)\s*({_NUMBER})\s*({_UNIT})", text)
    if match and (match[2] or match[3] != "to" or not ranged):
        low, high = f"{match[1]} {match[2] or match[5]}", f"{match[4]} {match[5]}"
        hint = f"write `{low}` or `{high}`"
        if ranged:
            hint = (
                f"write a range as `{match[1]} to {high}`" if match[2] in (None, match[5]) else "write both ends in one unit: `5 to 10 mg`"
            )
        raise PhraseError(f"two amounts for one dose: `{clip(match[0])}`", node.place_of(match[0]), hint)


# Words that stand elsewhere in a file, and where; in braces what the pattern has found.
_ELSEWHERE = (
    (rf"({_ROUTES})", "the route stands under `products`: `{product}: {{route: {0}}}`"),
    (r"q\s?([0-9]+)\s?(d|w|m|y)", "the days stand in `at`: `at: D1, then every {0} {length}`"),
    (r"every ([0-9]+) (day|week|month|year)s?", "the days stand in `at`: `at: D1, then every {0} {length}`"),
    (r"(?:qod|every (?:other|second) day|(?:on )?alternate days)", "the days stand in `at`: `at: D1, then every 2 days`"),
    (r"(?:once )?(?:a |per |every |each )?(week|month|year)(?:ly)?", "the days stand in `at`: `at: D1, then every 1 {0}`"),
    (r"(?:for|x|×)\s*([0-9]+)\s*(?:days?|d)", "the days stand in `at`: `at: D1 to D{0}`"),
    (r"(?:for|x|×)\s*([0-9]+)\s*(?:weeks?|w)", "the days stand in `at`: `at: D1 to D{days}`"),
)


def _refuse_words(product: str, amount: str, more: str, node: Scalar, behind: str) -> None:
    """Words behind an amount that are said otherwise, or elsewhere, in a file."""
    often, hints, rest, kept = "", dict[str, None](), more, ""
    while rest := rest.strip(" ,;()"):
        if over := re.match(_OVER, rest):  # an infusion time may stand here
            kept = f"over {over[1]} {'min' if over[2].startswith('m') else 'h'}"
            rest = rest[over.end() :]
            if rest.strip(" ,;()"):
                continue
            more = more[: more.rindex(over[0])].rstrip()
            break
        if re.match(rf"at\b|{_NUMBER}\s*(?:min|h)\s", rest):  # so may these
            more = more.removesuffix(rest).rstrip()
            if rest.startswith("at") and not often:  # hours stand behind how often on each day, and nothing says that
                hints[f"the hour stands in `note`: `note: {rest}`"] = None
            else:
                kept = " ".join([kept, rest]).strip()
            break
        said, where = _meant(rest, _OFTEN), _meant(rest, _ELSEWHERE)
        if said is not None:
            match, meant = said
            if often not in ("", meant):
                return  # no single word says both
            often = meant
        elif where is not None:
            match, words = where
            hints[_filled(words, match, product)] = None
            often = "daily" if " to D" in words and not often else often
        else:
            return
        rest = rest[match.end() :]
    if more in (often, "") or (not hints and not often):
        return
    part = bool(often) and not (kept and re.search(_OVER, more))  # whether it is enough to write that part otherwise
    if behind and often and not part:
        return
    whole = " ".join(word for word in (product, amount, often or behind, kept) if word)
    hint = "; ".join([f"write `{often if part else whole}`", *hints])
    wrong = f"expected the end of the dose, or how often on each day, found `{clip(more)}`"
    raise PhraseError(wrong, node.place_of(more) if part else node.place, hint)


def _meant(text: str, table: tuple[tuple[str, str], ...]) -> tuple[re.Match[str], str] | None:
    """The row of a table that a text begins with."""
    found = ((re.match(rf"(?i){pattern}\.?(?![^\W_])", text), words) for pattern, words in table)
    return next(((match, words) for match, words in found if match is not None), None)


def _filled(words: str, match: re.Match[str], product: str) -> str:
    found = [part or "" for part in match.groups()]
    number = int(found[0][:6]) if found and found[0].isdigit() else 1
    length = _LENGTHS.get(found[1][:1].lower(), "") + ("s" if number > 1 else "") if len(found) > 1 else ""
    return words.format(*found, product=product, length=length, days=7 * number)
