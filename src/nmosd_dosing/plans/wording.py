"""Doses in words, and the fixed words of a calendar, in English and Chinese. Texts of a study file stay as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from msgspec import Struct

from nmosd_dosing.days import Language, date_text
from nmosd_dosing.dose.dose import AmountStatusText, amount_text, number_text
from nmosd_dosing.plans.plan import Administration, TakenAway
from nmosd_dosing.schedule.doses.body_weights import UsedValue

NOT_STATED = "not stated"


class Wording(Struct, frozen=True):
    """Patterns in one language."""

    comma: str
    before_over: str
    masked: str
    placebo: str
    dose_not_stated: str
    dose_not_recorded: str
    needs_arm: str
    needs_weight: str
    needs_height: str
    needs_sex: str
    needs_age: str
    too_short: str
    out_of_range: str
    age_out_of_range: str
    needs_value: str
    value_out_of_range: str
    refused: str
    omitted: str
    held: str
    days_omitted: str
    days_held: str
    level: str
    below: str
    above: str
    as_needed: str
    range: str
    amount_range: str
    capped: str
    times: str
    per_day: str
    over: str
    visit: str
    window: str
    entry_window: str
    done: str
    booked: str
    booked_only: str
    at_hour: str
    of_subject: str
    discreet_subject: str
    discreet_visit: str
    discreet_window: str
    discreet_span: str
    discreet_calendar: str
    cancelled: str
    fell_away: str
    unblinded: str
    unblinded_arm: str
    unblinded_summary: str
    projected: str
    pending: str
    only_arms: str
    dose: str
    assessments: str
    range_of_days: str
    window_days: str
    no_window: str
    no_window_of_days: str
    not_stated: str
    no_last_day: str
    day: str
    week: str
    counted: str
    source: str
    or_earlier: str
    or_later: str
    clock: str
    own_hour: str
    clock_and_length: str
    length: str
    categories: tuple[str, str, str]


_ENGLISH = Wording(
    comma=", ",
    before_over=" ",
    masked="masked",
    placebo="placebo",
    dose_not_stated=f"dose {NOT_STATED}",
    dose_not_recorded="dose not recorded",
    needs_arm="needs arm",
    needs_weight="needs weight",
    needs_height="needs height",
    needs_sex="needs sex",
    needs_age="needs age",
    too_short="no ideal weight is defined below 152.4 cm",
    out_of_range="no dose is stated for this weight",
    age_out_of_range="no dose is stated for this age",
    needs_value="needs {}",
    value_out_of_range="no dose is stated for this {}",
    refused="refused: over the lifetime cap",
    omitted="omitted",
    held="held",
    days_omitted="none from {} to {}",
    days_held="held from {} on",
    level="level {}",
    below="below level {}",
    above="above level {}",
    as_needed="as needed",
    range="{} to {}",
    amount_range="the amount is a range",
    capped="the highest dose",
    times="{} times in all",
    per_day="{} a day",
    over="over {} min",
    visit="{}",
    window="{} window",
    entry_window="entry window",
    done="Done on this day; it was planned for {}",
    booked="Booked for this day{}; it was planned for {}",
    booked_only="Booked for this day{}",
    at_hour=" at {}",
    of_subject="{} {} ({})",
    discreet_subject="{} ({})",
    discreet_visit="Visit {}",
    discreet_window="Window of visit {}",
    discreet_span="Period of time {}",
    discreet_calendar="Visits",
    cancelled="Cancelled: {}",
    fell_away="No longer planned.",
    unblinded="UNBLINDED",
    unblinded_arm="UNBLINDED: arm {}",
    unblinded_summary="UNBLINDED: {}",
    projected="Projected: it may still move.",
    pending="Waits: no dose yet.",
    only_arms="Only for arm {}",
    dose="Dose: {}",
    assessments="Assessments: {}",
    range_of_days="From {} to {}",
    window_days="Earliest {}, latest {}",
    no_window=f"Window: {NOT_STATED}",
    no_window_of_days=f"Window of the day: {NOT_STATED}",
    not_stated=NOT_STATED,
    no_last_day="none: or later",
    day="Day {}",
    week="week code {}",
    counted="Date: {}",
    source="Source: {}",
    or_earlier="It may have begun earlier.",
    or_later="It may end later.",
    clock="The hour is this calendar's, not the protocol's.",
    own_hour="The study file gives {} at {}; this entry begins at {}, which is the calendar's hour.",
    clock_and_length="The hour and the length of one hour are this calendar's, not the protocol's.",
    length="The length of one hour is this calendar's, not the protocol's.",
    categories=("Visit", "Visit window", "Period of time"),
)
_CHINESE = Wording(
    comma="，",
    before_over="，",
    masked="设盲",
    placebo="安慰剂",
    dose_not_stated="剂量未说明",
    dose_not_recorded="未记录剂量",
    needs_arm="需组别",
    needs_weight="需体重",
    needs_height="需身高",
    needs_sex="需性别",
    needs_age="需年龄",
    too_short="身高低于 152.4 厘米，理想体重无定义",
    out_of_range="方案未规定该体重的剂量",
    age_out_of_range="方案未规定该年龄的剂量",
    needs_value="需 {}",
    value_out_of_range="方案未规定该 {} 值的剂量",
    refused="不予给药：超过终身累积上限",
    omitted="本次不给药",
    held="暂停给药，待恢复",
    days_omitted="{} 至 {} 不给药",
    days_held="自 {} 起暂停给药，待恢复",
    level="剂量水平 {}",
    below="低于剂量水平 {}",
    above="高于剂量水平 {}",
    as_needed="按需给药",
    range="{} 至 {}",
    amount_range="剂量为范围",
    capped="已达单次上限",
    times="共 {} 次",
    per_day="每日 {}",
    over="输注 {} 分钟",
    visit="{} 访视",
    window="{} 访视窗",
    entry_window="入组窗口期",
    done="已于当日完成；原计划日期：{}",
    booked="已预约当日{}；原计划日期：{}",
    booked_only="已预约当日{}",
    at_hour=" {}",
    of_subject="{} {}（{}）",
    discreet_subject="{}（{}）",
    discreet_visit="访视 {}",
    discreet_window="访视窗 {}",
    discreet_span="时段 {}",
    discreet_calendar="访视",
    cancelled="已取消：{}",
    fell_away="不再计划。",
    unblinded="已揭盲",
    unblinded_arm="已揭盲：组别 {}",
    unblinded_summary="已揭盲：{}",
    projected="预计日期，可能变动。",
    pending="待定：暂不给药。",
    only_arms="仅限组别 {}",
    dose="给药：{}",
    assessments="评估：{}",
    range_of_days="自 {} 至 {}",
    window_days="最早 {}，最晚 {}",
    no_window="访视窗：未说明",
    no_window_of_days="访视日期的窗口：未说明",
    not_stated="未说明",
    no_last_day="不限（可推后）",
    day="第 {} 天",
    week="周编号 {}",
    counted="日期推算：{}",
    source="来源：{}",
    or_earlier="可能更早开始。",
    or_later="可能更晚结束。",
    clock="时刻由本日历设定，非方案规定。",
    own_hour="研究文件规定 {} 于 {} 给药；本条目从 {} 开始，为本日历设定的时刻。",
    clock_and_length="时刻和一小时的时长由本日历设定，非方案规定。",
    length="一小时的时长由本日历设定，非方案规定。",
    categories=("访视", "访视窗", "时段"),
)


def wording(language: Language) -> Wording:
    """The patterns of a language."""
    match language:
        case "en":
            return _ENGLISH
        case "zh":
            return _CHINESE


class HandoutWording(Struct, frozen=True):
    """The words of a patient's page in one language."""

    title: str
    code: str
    as_of: str
    none: str
    agreed: str
    planned: str
    to_agree: str
    may_change: str
    allowed: str
    possible_from: str
    no_other_day: str
    closed: str
    at: str
    again: str
    each_day: str
    room: str
    bring: str
    please_call: str
    call: str
    more: str
    keep: str


_ENGLISH_HANDOUT = HandoutWording(
    title="Your next visits",
    code="Code: {}",
    as_of="As of {}",
    none="No visit is planned at present.",
    agreed="Agreed with you",
    planned="Planned; the day is still to be agreed with you",
    to_agree="The day is still to be agreed with you",
    may_change="Expected; this day may still change",
    allowed="Possible from {} to {}",
    possible_from="Possible on {} or later",
    no_other_day="Possible on this day only",
    closed="We are closed on this day.",
    at="{}, at {}",
    again="Please come again on {}",
    each_day="Begins on this day, and takes every day up to {}",
    room="Where: {}",
    bring="Please bring:",
    please_call="Please call us if you cannot come on an agreed day, or if anything changes.",
    call="Telephone: {}",
    more="More visits follow later.",
    keep="Please keep this page. A newer one replaces it.",
)
_CHINESE_HANDOUT = HandoutWording(
    title="您接下来的访视",
    code="编号：{}",
    as_of="截至 {}",
    none="目前没有已安排的访视。",
    agreed="已与您约定",
    planned="计划日期，具体日期待与您约定",
    to_agree="具体日期待与您约定",
    may_change="预计日期，可能变动",
    allowed="可在 {}至 {}之间来访",
    possible_from="可在 {} 或之后来访",
    no_other_day="只能在这一天来访",
    closed="这一天本中心休息。",
    at="{}，{}",
    again="请于 {} 再次来访",
    each_day="自该日开始，每日进行，直至 {}",
    room="地点：{}",
    bring="请携带：",
    please_call="如不能按约定日期来访，或情况有任何变化，请与我们联系。",
    call="电话：{}",
    more="之后还有其他访视。",
    keep="请保留本页，收到新的一页后以新页为准。",
)


def handout_wording(language: Language) -> HandoutWording:
    """The words of a patient's page in a language."""
    match language:
        case "en":
            return _ENGLISH_HANDOUT
        case "zh":
            return _CHINESE_HANDOUT


def dose_text(a: Administration, known_rule: str | None = None, language: Language = "en") -> str:
    """A dose in words: `belimumab 600 mg (10 mg/kg)`, `MIL62/placebo, masked`, `X placebo`, `X, dose not stated`.

    A rule that the reader knows already is not repeated.
    """
    words = wording(language)
    over = f"{words.before_over}{words.over.format(a.minutes)}" if a.minutes else ""
    over += f"{words.comma}{a.lead}" if a.lead else ""
    times = f"{words.comma}{words.per_day.format(amount_text(a.per_day, a.unit))}" if a.per_day is not None else ""
    times += f"{words.comma}{words.times.format(a.times)}" if a.times > 1 or a.days_taken else ""
    times += "".join(f"{words.comma}{taken_days_text(days, language)}" for days in a.days_taken)
    level = f"{words.comma}{level_text(a.level, language)}" if a.level is not None else ""
    if a.amount_status == "masked":
        return f"{a.shown}{words.comma}{words.masked}{times}{over}{level}"
    if a.amount_status in ("omitted", "held"):
        return f"{a.shown}{words.comma}{why_no_amount(a.amount_status, language)}{level}"
    if a.amount_status == "as needed":  # how often nobody plans, and the words of the file say that it is so
        return f"{a.product} {a.dose_rule}{over}{level}" + (f"{words.comma}{words.as_needed}" if language != "en" else "")
    if a.amount_status == "range" and a.amount_from is not None and a.amount_to is not None:
        amount = words.range.format(number_text(a.amount_from), amount_text(a.amount_to, a.unit))
        plain = f"{number_text(a.amount_from)} to {amount_text(a.amount_to, a.unit)}"
        rule = "" if a.dose_rule in (plain, known_rule) or a.dose_rule is None else f" ({a.dose_rule})"
        return f"{a.product} {amount}{rule}{times}{over}{level}"
    if (a.dose_rule or "").startswith("placebo") and not a.amount:
        return f"{a.product} {words.placebo}{times}{over}{level}"
    if a.amount is not None:
        amount = amount_text(a.amount, a.unit)
        said = (a.dose_rule or "").startswith(f"{amount} ") and "," not in (a.dose_rule or "")
        rule = "" if a.dose_rule in (amount, known_rule) or a.dose_rule is None else f" ({a.dose_rule})"
        capped = f"{words.comma}{words.capped}" if a.amount_status == "capped" else ""
        return f"{a.product} {a.dose_rule if said else f'{amount}{rule}'}{times}{over}{capped}{level}"
    why = why_no_amount(a.amount_status, language, a.by_value)
    rule = f" {a.dose_rule}" if a.dose_rule and a.amount_status not in ("not recorded", NOT_STATED) else ""
    return f"{a.shown}{rule}{times}{over}{words.comma}{why}{level}"


def taken_days_text(days: TakenAway, language: Language = "en") -> str:
    """Which days of a course events take away: `none from 2025-01-20 Mon to 2025-01-23 Thu`, `held from 2025-02-01 Sat on`."""
    words = wording(language)
    pattern = words.days_held if days.status == "held" else words.days_omitted
    return pattern.format(date_text(days.first, language), date_text(days.last, language))


def level_text(level: str, language: Language = "en") -> str:
    """The level of a dose: `level -1`, `below level -2`."""
    words = wording(language)
    side, _, edge = level.rpartition(" ")
    return {"": words.level, "below": words.below, "above": words.above}[side].format(edge)


def why_no_amount(status: AmountStatusText, language: Language = "en", by_value: UsedValue | None = None) -> str:
    """Why a dose has no amount in milligrams: `needs weight`, `dose not stated`; of one that is by a value `needs eGFR`."""
    words = wording(language)
    match status:
        case "not recorded":
            return words.dose_not_recorded
        case "not stated":
            return words.dose_not_stated
        case "refused":
            return words.refused
        case "omitted":
            return words.omitted
        case "held":
            return words.held
        case "needs arm":
            return words.needs_arm
        case "needs weight":
            return words.needs_weight
        case "needs height":
            return words.needs_height
        case "needs sex":
            return words.needs_sex
        case "needs age":
            return words.needs_age
        case "too short":
            return words.too_short
        case "out of range":
            return words.out_of_range
        case "age out of range":
            return words.age_out_of_range
        case "needs value" | "value out of range":
            lacks = words.needs_value if status == "needs value" else words.value_out_of_range
            return lacks.format(by_value.what.name if by_value is not None else "value")
        case "masked":
            return words.masked
        case "as needed":
            return words.as_needed
        case "range":
            return words.amount_range
        case "stated" | "capped" | "absent":
            raise AssertionError(f"an amount is {status}, and there is none")


def vials_of(administrations: Sequence[Administration]) -> str:
    """The vials of a visit, with the product where several have some."""
    found = [(a.shown, text) for a in administrations if (text := vials_text(a.vials))]
    return "; ".join(f"{shown} {text}" if len(found) > 1 else text for shown, text in found)


def vials_text(vials: tuple[tuple[str, int], ...] | None) -> str | None:
    """Vials in a phrase: `2 x 120 mg + 2 x 400 mg`; None where they cannot be counted."""
    return None if vials is None else " + ".join(f"{count} x {size}" for size, count in vials)


def volume_text(ml: float) -> str:
    """A volume in mL for people, as it can be drawn up: to 0.01 mL, a half goes up; a small one to two digits. Programs get all digits."""
    exact = Decimal(str(ml))
    step = Decimal(1).scaleb(-2 if not exact else min(-2, exact.adjusted() - 1))
    return number_text(Fraction(exact.quantize(step, ROUND_HALF_UP)))
