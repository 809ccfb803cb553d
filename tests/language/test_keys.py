"""The schema of a study file accepts every file that is right, and rejects of the broken ones all that a schema can see."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from nmosd_dosing.language.keys import json_schema
from tests.kit.broken import BROKEN, NAMES, WARNINGS, load
from tests.kit.paths import ROOT

# Not one YAML document in UTF-8, so no schema ever sees them.
_NOT_LOADABLE = """
    alias apostrophe-title at-sign backtick band-sign-bare bad-indentation bad-indentation-deeper bad-indentation-key
    bad-indentation-list binary
    block-mark bracket-title byte-order-mark-inside closing-brace-too-many colon-full-width colon-in-title colon-missing
    colon-without-space control-character directive document-end escape-sequence form-feed ideographic-space key-is-a-list
    line-separator list-on-key-line no-break-space-after-colon not-utf8-gb18030 not-utf8-latin1 not-utf8-truncated nul odd-characters
    percent-sign stray-ampersand stray-star tab-after-spaces tab-at-top tab-indentation tag-handle tag-own tag-python text-after-quote
    title-number-sign two-documents unclosed-brace unclosed-bracket unclosed-quote unclosed-single-quote unknown-escape utf16
    utf16-no-mark
"""
NOT_LOADABLE = set(_NOT_LOADABLE.split())

# What a schema cannot see: what is said twice, in two places that must agree, or beyond the grammar of one text.
_UNSEEN = """
    D-0 D0-from-1 W-code-from-0 W0D1 W1D0 W1D8 after-the-end after-the-end-range after-the-end-repeat anchor anchor-and-alias
    anchor-on-mapping arm-dose-without-visit arm-missing arm-twice arm-unknown arm-unknown-at-visit arm-unknown-blinded arm-unknown-far
    arm-without-arms bidi-override billion blinded-assessment blinded-dates blinded-duration-one blinded-durations blinded-nothing
    blinded-open-difference blinded-open-visit-dates blinded-products blinded-rhythm blinded-visit-without-arms blinded-windows
    blinded-without-arms cyrillic-product day-400-digits day-too-far dose-and-nothing dose-mapping-without-arms dose-on-range
    dose-then-placebo dose-two-in-text dose-zero empty-quoted-title event-built-in every-0-days every-400-digits every-first gap-months
    gap-repeat gap-too-short gap-two-entries gap-zero id-too-long infusion-too-long infusion-zero key-twice key-twice-give
    key-twice-in-braces key-twice-period key-twice-product key-twice-three-times length-10000-years length-400-digits length-zero
    long-line-fault-in-middle long-word many-senses many-warnings-and-errors month-bare month-too-far not-stated-among-items
    not-stated-without-name nothing-happens number-huge number-large number-space number-space-thousands number-point-thousands
    number-point-thousands-more once-other-product
    day-lower not-known
    once-study-event once-unknown-event open-end-in-length product-with-space-chinese range-months-reversed range-reversed
    range-with-repeat repeat-after-open-end repeat-after-open-repeat repeat-days-after-month repeat-on-range repeat-past-9999-until
    repeat-too-far span-bare-week span-day-0 span-day-at-top span-reversed span-reversed-days span-too-far stop-400-digits
    stop-count-of-study-event stop-end-of-unknown stop-itself stop-later-than-itself stop-m stop-subject-0 stop-unknown-event tag
    times-0-more times-400-digits too-many-visits too-many-visits-count transition-after-completed transition-after-text transition-circle
    transition-circle-of-three transition-end-of-nothing transition-end-of-other transition-end-of-unknown transition-from-unknown
    transition-id-twice transition-need-study-event transition-stop-missing transition-to-itself transition-to-unknown
    transition-unknown-event transition-unknown-event-far transition-unknown-need true-capital twice-in-arm twice-in-list
    twice-months-and-days twice-months-and-days-from-0 twice-months-and-months twice-repeat twice-same-entry twice-same-entry-codes
    twice-two-entries units-mixed-at-visit unknown-product unknown-product-chinese unknown-product-far unknown-product-placebo
    vials-without-a-step taper-otherwise
    until-bare-week until-before-start until-days-by-months until-months-by-days until-too-near updated-impossible updated-year-0
    week-bare week-bare-0 week-too-far window-400-digits window-different window-different-behind window-different-not-stated
    window-huge window-not-stated-day window-on-some window-twice window-twice-list year-bare years-too-far zero-width-space
    band-below-a-gram band-reversed bands-gap bands-gap-at-an-edge bands-overlap bands-overlap-at-an-edge bands-units bands-weights
    blinded-daily-missing blinded-hours blinded-leads blinded-times cap-not-a-step cap-not-whole-vials cap-unit concentration-unit
    cycle-0-days cycle-before-the-one-before cycle-month-day cycle-open-in-a-length cycle-plus-months cycle-range-too-long cycle-too-short
    cycle-with-a-repeat daily-0-times daily-1-times daily-hours-order daily-hours-too-few event-cycle event-day-unknown
    event-of-the-study event-range-of-two event-range-reversed event-repeat event-to-a-day event-undeclared gap-reversed gap-units-mixed
    gaps-hole gaps-no-lower-end gaps-overlap gaps-upper-end lead-itself lead-not-given lead-unknown restart-no-dose
    restart-no-dose-on-day-1 restart-week round-unit round-without-vials round-zero rule-amount-and-bands rule-none rule-unknown
    rule-without-amount surface-without-m2 vial-size-0 vial-size-same-in-g vial-size-twice vial-size-units
    weight-changed-0 weight-changed-100 weights-reversed blinded-notes cycle-name-without-a-cycle window-different-from-the-periods
    also-called-another-period also-called-cycle also-called-no-day also-called-other-day also-called-other-name
    also-called-several-days also-called-twice also-called-unscheduled blinded-also-called
    blinded-hours-of-samples hours-not-given hours-not-given-to-an-arm hours-no-end hours-not-whole hours-of-which-dose hours-twice
    hours-two-entries hours-unknown-product hours-window-over-the-dose hours-as-a-name hours-as-names hours-without-a-dose
    hours-before-the-end hours-zero hours-window-behind-the-dose
    cycle-before-its-dose hangs-until returns-0 returns-21 returns-id-taken returns-not-back returns-two-ways span-consented-before
    transition-after-screened visit-on-screening-in-later-period
    except-all except-another-day except-first except-no-day except-times except-twice or-later-behind-a-repeat or-later-range
    repeat-days-after-month-follows repeat-months-after-days until-end until-end-after-an-event until-end-by-months
    until-end-goes-on-counting until-end-on-a-repeat
    levels-amount levels-bands levels-blinded-arms levels-blinded-events levels-blinded-one-arm levels-both-in-one levels-cap-not-a-step
    levels-event-of-study levels-event-twice levels-event-unknown levels-hold-same levels-neither-in-one levels-no-event levels-once
    levels-single levels-start-unknown levels-start-without levels-surface levels-to-once levels-twice levels-units levels-upside-down
    levels-without
    hours-in-names hours-quoted lead-not-whole missing-visits transition-within-months-and-days transition-within-reversed
    died-visit hangs-before-no-visit hangs-cycle hangs-nothing-added hangs-on-no-visit hangs-repeat hangs-twice-on-one-day hangs-two-days
    hours-before-part hours-before-range hours-before-zero kept-after-doses kept-after-mixed last-dose-cycle last-dose-gives
    last-dose-nothing-given last-dose-of-none last-dose-of-study-by-arm last-dose-repeat last-dose-span-of-none last-dose-two-ends
    previous-visit-mixed previous-visit-no-repeat
    as-needed-counted-from as-needed-gap as-needed-most blinded-as-needed range-downwards range-of-one range-two-units
    taper-beside-another taper-by-months taper-every-month taper-in-a-cycle taper-lengths taper-not-even taper-of-a-rule
    taper-one-step-too-big taper-other-days taper-repeated taper-to-nothing taper-too-many-steps taper-units taper-upwards
    taper-with-an-assessment taper-without-daily
    weight-at-day-0 weight-at-no-visit weight-ideal-bands weight-ideal-flat weight-ideal-product-surface
    clock-0-events clock-200-years clock-anchor-day-0 clock-anchors-two clock-and clock-daily-of-a-kind
    clock-daily-of-another clock-daily-of-several clock-daily-or-equivalent clock-dose-in-a-name clock-events-nothing-counted
    clock-half-lives-after clock-months-in-a-row clock-not-daily clock-not-stated-alone clock-of-which-longer clock-stable-several
    clock-two-events clock-unless-unknown-event clock-words-within-a-name clock-zero-length criterion-id-of-a-period kind-in-itself
    kind-name-twice kind-nearly kind-twice kind-within half-life-zero randomisation-day-0
    age-band-part-of-a-year age-band-reversed age-bands-gap age-bands-ideal age-bands-in-kg age-bands-overlap age-bands-without-by
    age-by-without-bands age-by-word band-without-unit
    value-undeclared value-near value-twice value-weight value-bands-gap value-bands-overlap value-band-reversed value-band-too-fine
    dose-rule-name-unit repeat-until-a-last-dose cycles-meet-counted transition-after-last-dose
"""
UNSEEN = set(_UNSEEN.split())
OTHERS = {"site.yaml", "trial.yaml", "assumptions.yaml", "scenarios.yaml"}  # examples that are no study files


@cache
def checker() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "regimens").glob("*.yaml")), *sorted(p for p in (ROOT / "examples").rglob("*.yaml") if p.name not in OTHERS)],
    ids=lambda p: p.name,
)
def test_schema_accepts(path: Path) -> None:
    assert checker().is_valid(load(path)) == (path.name != "mistakes.yaml")


def loads(name: str) -> bool:
    try:
        load(BROKEN / f"{name}.yaml")
    except (yaml.YAMLError, UnicodeDecodeError, TypeError):
        return False
    return True


def test_not_loadable() -> None:
    assert {name for name in NAMES if not loads(name)} == NOT_LOADABLE


def test_schema_rejects_what_it_can_see() -> None:
    accepted = {n for n in NAMES if n not in NOT_LOADABLE and n not in WARNINGS and checker().is_valid(load(BROKEN / f"{n}.yaml"))}
    assert accepted - UNSEEN == set(), "the schema has become looser"
    assert UNSEEN - accepted == set(), "the schema has become stricter: take these out of UNSEEN"
