"""How columns are called: our names, those of SDTM, usual headings in English and Chinese; and what somebody says a column is.

A column that means nothing here is ignored, and named. One that is nearly ours, where ours is not there, is asked about: a misspelt
`wieght_kg` would lose every weight.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, field

from nmosd_dosing.errors import argument, clip, one_of
from nmosd_dosing.study.events import BEFORE_DAY_1, CONSENTED, RANDOMISED, SCREENED

NAMES: Mapping[str, tuple[str, ...]] = {
    "subject": (
        "subject id", "subject no", "subject number", "subject code", "受试者", "受试者编号", "受试者号", "受试者代码", "受试者id",
    ),
    "start": (
        "first dose", "first dose date", "date of first dose", "first dosing date",
        "首次给药", "首次给药日期", "首次给药日", "首次用药日期", "第一次给药日期", "首剂日期",
    ),
    CONSENTED: (
        "consent date", "date of consent", "informed consent date", "date of informed consent",
        "知情同意日期", "知情同意签署日期", "签署知情同意书日期",
    ),
    SCREENED: ("screening date", "date of screening", "screening visit date", "筛选日期", "筛选访视日期"),
    RANDOMISED: (
        "randomized", "randomisation date", "randomization date", "date of randomisation", "date of randomization",
        "随机日期", "随机化日期", "随机分组日期",
    ),
    "weight_kg": ("weight in kg", "body weight kg", "体重", "体重kg", "体重公斤", "体重千克"),
    "height_cm": ("height in cm", "body height cm", "身高", "身高cm", "身高厘米"),
    "sex": ("gender", "性别"),
    "age_years": (),  # no `AGE`: SDTM's may be that on another day than day 1, and in another unit
    "site": ("site id", "site no", "site number", "centre", "center", "中心", "中心编号", "中心号", "研究中心", "研究中心编号"),
    "study_version": (),  # a register counts its own; what a site calls the protocol's version is another thing
    "event": ("event name", "事件", "事件名称"),
    "visit": ("visit name", "访视", "访视名称", "随访", "随访名称"),
    "date": (
        "visit date", "date of visit", "actual date", "actual visit date", "event date",
        "日期", "访视日期", "实际访视日期", "给药日期", "事件日期", "发生日期", "称重日期", "测量日期",
    ),
    "time": (
        "visit time", "time of visit", "actual time", "dose time", "sample time", "时间", "访视时间", "给药时间", "采样时间", "实际时间",
    ),
    "assessment": ("sample", "检查", "检查项目", "样本", "采样"),
    "time_point": ("timepoint", "nominal time", "planned time", "时间点", "采样点", "计划时间"),
    "last": ("last date", "last day", "end date", "结束日期", "末次给药日期"),
    "status": ("visit status", "状态", "访视状态"),
    "period": ("阶段", "研究阶段", "时期"),
    "product": ("药物", "药物名称", "药品", "试验药物", "研究药物"),
    "amount": ("剂量", "给药剂量", "用量", "给药量"),
    "amount_per_day": ("daily amount", "daily dose", "dose per day", "日剂量", "每日剂量"),
    "unit": ("单位", "剂量单位"),
    "batch": ("batch no", "batch number", "lot", "lot no", "lot number", "批号", "药物批号"),
    "reason": ("原因",),
    "comment": ("comments", "remark", "remarks", "备注", "说明"),
    "arm": ("组别", "分组", "治疗组"),
    "what": (
        "drug", "drug name", "medication", "medication name", "treatment", "treatment name", "vaccine", "medicine",
        "药物", "药物名称", "药品名称", "治疗名称", "用药名称", "疫苗", "疫苗名称", "既往用药", "既往治疗",
    ),
    "value": ("result", "test result", "结果", "检查结果", "检验结果", "测量值"),
    "from": ("start date", "first day", "from date", "开始日期", "开始时间", "起始日期", "开始用药日期", "接种日期"),
    "to": ("end date", "stop date", "last day", "to date", "结束日期", "结束时间", "停药日期", "终止日期"),
    "for": ("indication", "reason for use", "适应症", "适应证", "用药原因", "用药目的"),
    "had": ("taken", "occurred", "是否使用", "是否发生"),
}  # fmt: skip
# Of SDTM 2.0; a name is not looked for where the one that it stands behind is there, too.
SDTM: Mapping[str, tuple[str, ...]] = {
    "subject": ("USUBJID", "SUBJID"),
    "start": ("RFXSTDTC", "RFSTDTC"),
    CONSENTED: ("RFICDTC",),
    SCREENED: ("SCRNDT",),  # of ADaM and of many a site; SDTM keeps it in DS
    RANDOMISED: ("RANDDT",),  # of ADaM's ADSL
    "site": ("SITEID",),
    "visit": ("VISIT",),
    "date": ("SVSTDTC", "EXSTDTC", "VSDTC", "PCDTC", "LBDTC"),
    "time_point": ("PCELTM", "PCTPT"),
    "last": ("EXENDTC",),  # SVENDTC ends a visit, which may take longer than its dose
    "status": ("SVOCCUR", "EXOCCUR"),
    "period": ("EPOCH",),
    "product": ("EXTRT",),
    "amount": ("EXDOSE", "CMDOSE"),
    "amount_per_day": ("EXDOSTOT", "CMDOSTOT"),
    "unit": ("EXDOSU", "CMDOSU", "LBSTRESU"),
    "batch": ("EXLOT",),
    "arm": ("ARM", "ARMCD"),
    "what": ("CMTRT", "LBTESTCD"),
    "value": ("LBSTRESN",),
    "from": ("CMSTDTC",),
    "to": ("CMENDTC",),
    "for": ("CMINDC",),
    "had": ("CMOCCUR",),
}
# SUBJID is within a study, and of it alone: one who takes part again has two. RFXSTDTC is the first dose; RFSTDTC is mostly the same day,
# and in some trials that of consent, or of randomisation.
# PCELTM is the time from the dose by ISO 8601, PCTPT its name in words.
_BEHIND = {"subjid": "usubjid", "rfstdtc": "rfxstdtc", "pctpt": "pceltm"}
CODES = ("subject", "site")  # columns whose cells are to be read as they are shown
_MEASURED = {"weight": "weight_kg", "体重": "weight_kg", "height": "height_cm", "身高": "height_cm"}
_WHETHER = re.compile(  # it may say that a visit was not; `ECOCCUR` and the like are SDTM's
    "(visit)?status.*|..(occur|stat)|.*(状态|是否已?(完成|到访|来访|给药|用药|输注|执行)|未(完成|到访|来访|给药|用药)(?!原因)).*"
    "|(was|is)?(the)?(visit|dose|infusion)?(was|is)?(not)?(done|performed|occurred|attended|completed|missed|cancell?ed)(yn|yesno|10|12)?"
    "|(infusion|visit)?(not)?given(yn|yesno)?|noshow(yn|yesno)?"
)
_DOSED = re.compile("(dose|amount|剂量)(mg|g|mcg|ug|ml|iu|u)")  # an amount, with the unit in its name
_MORE = re.compile(r"(?:enter|earlier)_\S", re.I)  # columns that are named by a period, or a product
_NEAR = 0.7
_BY_HOUR = ("time", "assessment", "time_point")  # few tables have them, and other columns are called nearly so: `Planned date`
_SHOWN = 12  # ignored columns that are named


class Layout(Struct):
    """How somebody says that a table is kept, and what came of it when it was read.

    table: which one it is, as the command line calls it. columns: by our name, how the column is called. sheets: names of sheets of a
    workbook, of this table alone where `by_table`. ignored: the columns that mean nothing here. found: which of the columns and sheets
    that were said were there. sheet: the one that was read, of several. entries: of a table that a register has, the number of each row.
    """

    table: str = "subjects"
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sheets: Sequence[str] = ()
    by_table: bool = False
    ignored: list[str] = field(default_factory=list)
    found: set[str] = field(default_factory=set)
    sheet: str | None = None
    entries: tuple[int, ...] | None = None


def plain(name: str) -> str:
    """What is left of a name without case, width, spaces and whatever else is no letter and no digit."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def meanings(columns: Collection[str]) -> dict[str, str]:
    """By plain name, which of some columns it means: whatever it may be called without anybody's saying so."""
    found = {plain(name): ours for ours in columns for name in (ours, *NAMES.get(ours, ()), *SDTM.get(ours, ()))}
    return found | {plain(ours): ours for ours in columns}


class Heading(Struct, frozen=True):
    """What the cells of a line mean as names of columns. columns: where each of ours stands. places: all cells that mean it, that one
    first. others: the cells that mean none of ours, and say something. said: names that somebody said, and that are here."""

    columns: Mapping[str, int]
    places: Mapping[str, Sequence[int]]
    others: Sequence[int]
    said: Collection[str]


def understood(names: Sequence[str], columns: Sequence[str], layout: Layout, known: Mapping[str, str] | None = None) -> Heading:
    """Which of our `columns` the cells of a line name; `known`: what `meanings` gives for them."""
    known = meanings(columns) if known is None else known
    written = [plain(name) for name in names]
    said: dict[str, list[int]] = {}
    used = set()
    for ours in columns:
        for theirs in layout.columns.get(ours, ()):
            here = [i for i, name in enumerate(written) if name == plain(theirs) and name]
            if here:
                said.setdefault(ours, []).extend(here)
                used.add(theirs)
    taken = {i for here in said.values() for i in here}
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        ours_here = name if name in columns else known.get(written[i])
        if ours_here is not None and i not in taken and ours_here not in said and _BEHIND.get(written[i]) not in written:
            found.setdefault(ours_here, []).append(i)
    meant = found | said
    others = [i for i, name in enumerate(names) if name and not any(i in here for here in meant.values())]
    return Heading({ours: here[0] for ours, here in meant.items()}, meant, others, used)


def asked(name: str, lacking: Collection[str], columns: Sequence[str]) -> str | None:
    """What to ask about a name that means none of our columns, where some of these are `lacking`; None where nothing is to be asked."""
    if _MORE.match(name):
        return _did_you_mean(name, [c for c in lacking if _MORE.match(c)] or lacking) or f"the columns are {one_of(columns)}"
    written = plain(name)
    for stem, ours in _MEASURED.items():
        if stem in written and ours in lacking:
            unit = "kilograms" if ours == "weight_kg" else "centimetres"
            return f"only {unit} are read; if it holds them, call it `{ours}`, or say so: {as_said(ours)}"
    if "status" in lacking and _WHETHER.fullmatch(written):
        return f"where it says that a visit was missed, write that into a column `status`, or say that it is one: {as_said('status')}"
    if "amount" in lacking and _DOSED.fullmatch(written):
        return f"an amount has its unit in a column of its own, `unit`; then say that this is the amount: {as_said('amount')}"
    return _did_you_mean(name, lacking)


def _did_you_mean(name: str, lacking: Collection[str]) -> str | None:
    # `Informed consent`, `Screening` and the like are mostly no date, and so are left alone
    asked_of = [ours for ours in lacking if ours not in _BY_HOUR]
    names = {plain(known): ours for ours in asked_of for known in ((ours,) if ours in BEFORE_DAY_1 else (*NAMES.get(ours, ()), ours))}
    near = difflib.get_close_matches(plain(name)[:100], names, cutoff=_NEAR)
    return f"did you mean `{names[near[0]]}`?" if near else None


def as_said(ours: str) -> str:
    """How somebody says what a column is called."""
    said = f'{ours}="…"'
    return f"`{argument('column', said)}`"


def ignored_text(names: Sequence[str]) -> str:
    """The columns that are ignored, for a sentence."""
    shown = ", ".join(f"`{clip(name)}`" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
