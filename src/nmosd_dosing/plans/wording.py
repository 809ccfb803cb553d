"""Doses in words, and the fixed words of a calendar, in English and Chinese. Texts of a study file stay as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Generic, TypeVar

from msgspec import Struct

from nmosd_dosing.days import Language, date_text
from nmosd_dosing.dose.dose import AmountStatusText, amount_text, number_text
from nmosd_dosing.plans.plan import Administration, TakenAway
from nmosd_dosing.schedule.doses.body_weights import UsedValue

NOT_STATED = "not stated"
T = TypeVar("T")


class In(Generic[T]):
    """What is said in each language."""

    def __init__(self, en: T, zh: T) -> None:
        self.by_language: dict[Language, T] = {"en": en, "zh": zh}

    def __get__(self, words: _Words, of: type) -> T:
        return self.by_language[words.language]


class _Words(Struct, frozen=True):
    """Words and patterns in one language."""

    language: Language


class Wording(_Words, frozen=True):
    """The patterns of doses and calendars."""

    comma = In(", ", "，")
    before_over = In(" ", "，")
    placebo = In("placebo", "安慰剂")
    days_omitted = In("none from {} to {}", "{} 至 {} 不给药")
    days_held = In("held from {} on", "自 {} 起暂停给药，待恢复")
    level = In("level {}", "剂量水平 {}")
    below = In("below level {}", "低于剂量水平 {}")
    above = In("above level {}", "高于剂量水平 {}")
    range = In("{} to {}", "{} 至 {}")
    capped = In("the highest dose", "已达单次上限")
    once = In("once in all", "共 1 次")
    times = In("{} times in all", "共 {} 次")
    per_day = In("{} a day", "每日 {}")
    over = In("over {} min", "输注 {} 分钟")
    visit = In("{}", "{} 访视")
    window = In("{} window", "{} 访视窗")
    entry_window = In("entry window", "入组窗口期")
    done = In("Done on this day; it was planned for {}", "已于当日完成；原计划日期：{}")
    booked = In("Booked for this day{}; it was planned for {}", "已预约当日{}；原计划日期：{}")
    booked_only = In("Booked for this day{}", "已预约当日{}")
    at_hour = In(" at {}", " {}")
    of_subject = In("{} {} ({})", "{} {}（{}）")
    discreet_subject = In("{} ({})", "{}（{}）")
    discreet_visit = In("Visit {}", "访视 {}")
    discreet_window = In("Window of visit {}", "访视窗 {}")
    discreet_span = In("Period of time {}", "时段 {}")
    discreet_calendar = In("Visits", "访视")
    cancelled = In("Cancelled: {}", "已取消：{}")
    fell_away = In("No longer planned.", "不再计划。")
    unblinded = In("UNBLINDED", "已揭盲")
    unblinded_arm = In("UNBLINDED: arm {}", "已揭盲：组别 {}")
    unblinded_summary = In("UNBLINDED: {}", "已揭盲：{}")
    projected = In("Projected: it may still move.", "预计日期，可能变动。")
    pending = In("Waits: no dose yet.", "待定：暂不给药。")
    only_arms = In("Only for arm {}", "仅限组别 {}")
    dose = In("Dose: {}", "给药：{}")
    assessments = In("Assessments: {}", "评估：{}")
    range_of_days = In("From {} to {}", "自 {} 至 {}")
    window_days = In("Earliest {}, latest {}", "最早 {}，最晚 {}")
    no_window = In(f"Window: {NOT_STATED}", "访视窗：未说明")
    no_window_of_days = In(f"Window of the day: {NOT_STATED}", "访视日期的窗口：未说明")
    not_stated = In(NOT_STATED, "未说明")
    no_last_day = In("none: or later", "不限（可推后）")
    day = In("Day {}", "第 {} 天")
    week = In("week code {}", "周编号 {}")
    counted = In("Date: {}", "日期推算：{}")
    source = In("Source: {}", "来源：{}")
    or_earlier = In("It may have begun earlier.", "可能更早开始。")
    or_later = In("It may end later.", "可能更晚结束。")
    clock = In("The hour is this calendar's, not the protocol's.", "时刻由本日历设定，非方案规定。")
    own_hour = In(
        "The study file gives {} at {}; this entry begins at {}, which is the calendar's hour.",
        "研究文件规定 {} 于 {} 给药；本条目从 {} 开始，为本日历设定的时刻。",
    )
    clock_and_length = In(
        "The hour and the length of one hour are this calendar's, not the protocol's.", "时刻和一小时的时长由本日历设定，非方案规定。"
    )
    length = In("The length of one hour is this calendar's, not the protocol's.", "一小时的时长由本日历设定，非方案规定。")
    categories = In(("Visit", "Visit window", "Period of time"), ("访视", "访视窗", "时段"))


class HandoutWording(_Words, frozen=True):
    """The words of a patient's page."""

    title = In("Your next visits", "您接下来的访视")
    code = In("Code: {}", "编号：{}")
    as_of = In("As of {}", "截至 {}")
    none = In("No visit is planned at present.", "目前没有已安排的访视。")
    agreed = In("Agreed with you", "已与您约定")
    planned = In("Planned; the day is still to be agreed with you", "计划日期，具体日期待与您约定")
    to_agree = In("The day is still to be agreed with you", "具体日期待与您约定")
    may_change = In("Expected; this day may still change", "预计日期，可能变动")
    allowed = In("Possible from {} to {}", "可在 {}至 {}之间来访")
    possible_from = In("Possible on {} or later", "可在 {} 或之后来访")
    no_other_day = In("Possible on this day only", "只能在这一天来访")
    closed = In("We are closed on this day.", "这一天本中心休息。")
    at = In("{}, at {}", "{}，{}")
    again = In("Please come again on {}", "请于 {} 再次来访")
    each_day = In("Begins on this day, and takes every day up to {}", "自该日开始，每日进行，直至 {}")
    room = In("Where: {}", "地点：{}")
    bring = In("Please bring:", "请携带：")
    please_call = In(
        "Please call us if you cannot come on an agreed day, or if anything changes.",
        "如不能按约定日期来访，或情况有任何变化，请与我们联系。",
    )
    call = In("Telephone: {}", "电话：{}")
    more = In("More visits follow later.", "之后还有其他访视。")
    keep = In("Please keep this page. A newer one replaces it.", "请保留本页，收到新的一页后以新页为准。")


WHY_NO_AMOUNT: dict[AmountStatusText, In[str]] = {
    "not recorded": In("dose not recorded", "未记录剂量"),
    "not stated": In(f"dose {NOT_STATED}", "剂量未说明"),
    "refused": In("refused: over the lifetime cap", "不予给药：超过终身累积上限"),
    "omitted": In("omitted", "本次不给药"),
    "held": In("held", "暂停给药，待恢复"),
    "needs arm": In("needs arm", "需组别"),
    "needs weight": In("needs weight", "需体重"),
    "needs height": In("needs height", "需身高"),
    "needs sex": In("needs sex", "需性别"),
    "needs age": In("needs age", "需年龄"),
    "too short": In("no ideal weight is defined below 152.4 cm", "身高低于 152.4 厘米，理想体重无定义"),
    "out of range": In("no dose is stated for this weight", "方案未规定该体重的剂量"),
    "age out of range": In("no dose is stated for this age", "方案未规定该年龄的剂量"),
    "needs value": In("needs {}", "需 {}"),
    "value out of range": In("no dose is stated for this {}", "方案未规定该 {} 值的剂量"),
    "masked": In("masked", "设盲"),
    "as needed": In("as needed", "按需给药"),
    "range": In("the amount is a range", "剂量为范围"),
}
"""Of each status of a dose that has no amount in milligrams; in braces by which value it is."""


def dose_text(a: Administration, known_rule: str | None = None, language: Language = "en") -> str:
    """A dose in words: `belimumab 600 mg (10 mg/kg)`, `MIL62/placebo, masked`, `X placebo`, `X, dose not stated`.

    A rule that the reader knows already is not repeated.
    """
    words = Wording(language)
    over = f"{words.before_over}{words.over.format(a.minutes)}" if a.minutes else ""
    over += f"{words.comma}{a.lead}" if a.lead else ""
    times = f"{words.comma}{words.per_day.format(amount_text(a.per_day, a.unit))}" if a.per_day is not None else ""
    times += f"{words.comma}{words.times.format(a.times) if a.times != 1 else words.once}" if a.times > 1 or a.days_taken else ""
    times += "".join(f"{words.comma}{taken_days_text(days, language)}" for days in a.days_taken)
    level = f"{words.comma}{level_text(a.level, language)}" if a.level is not None else ""
    if a.amount_status == "masked":
        return f"{a.shown}{words.comma}{why_no_amount('masked', language)}{times}{over}{level}"
    if a.amount_status in ("omitted", "held"):
        return f"{a.shown}{words.comma}{why_no_amount(a.amount_status, language)}{level}"
    if a.amount_status == "as needed":  # how often nobody plans, and the words of the file say that it is so
        return f"{a.product} {a.dose_rule}{over}{level}" + (
            f"{words.comma}{why_no_amount('as needed', language)}" if language != "en" else ""
        )
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
    words = Wording(language)
    pattern = words.days_held if days.status == "held" else words.days_omitted
    return pattern.format(date_text(days.first, language), date_text(days.last, language))


def level_text(level: str, language: Language = "en") -> str:
    """The level of a dose: `level -1`, `below level -2`."""
    words = Wording(language)
    side, _, edge = level.rpartition(" ")
    return {"": words.level, "below": words.below, "above": words.above}[side].format(edge)


def why_no_amount(status: AmountStatusText, language: Language = "en", by_value: UsedValue | None = None) -> str:
    """Why a dose has no amount in milligrams: `needs weight`, `dose not stated`; of one that is by a value `needs eGFR`."""
    return WHY_NO_AMOUNT[status].by_language[language].format(by_value.what.name if by_value is not None else "value")


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
