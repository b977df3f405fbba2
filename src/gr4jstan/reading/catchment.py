"""Daily data of one catchment, checked."""

import re
from dataclasses import dataclass, replace
from typing import Self, Unpack

import numpy as np
import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note
from gr4jstan.options import takes
from gr4jstan.reading.checks import (
    Array,
    Origin,
    as_series,
    check_forcing,
    check_lengths,
    clean_flow,
    count_days,
    day_label,
)
from gr4jstan.reading.dates import Day, as_day
from gr4jstan.reading.dayindex import daily_index
from gr4jstan.reading.frames import frame_cells
from gr4jstan.reading.gauge import GAUGE_CODES, examine, gauge_findings
from gr4jstan.reading.limit import censored, check_limit
from gr4jstan.reading.options import ReadingOptions
from gr4jstan.reading.plausibility import span
from gr4jstan.reading.request import Request
from gr4jstan.reading.series import aligned
from gr4jstan.reading.spans import EXCLUDE, Spans, parse_spans
from gr4jstan.reading.tables import parse_table


@dataclass(frozen=True, eq=False, repr=False)
class Catchment:
    """Daily forcing and streamflow of one catchment.

    Wherever the arrays come from, they are checked here: P and E must be there on every day, finite
    and not negative. Q may be missing (NaN, or a sentinel such as -99, -999, -9999, which becomes
    NaN), but must otherwise be finite and not negative. Dates must be consecutive days. What is
    masked is missing. Series with an index are brought into the order of `dates`, or of each other;
    where no `dates` are given, they are those of the index.

    Attributes
    ----------
    name : str
    P : array, shape (T,)
        Precipitation [mm/d].
    E : array, shape (T,)
        Potential evapotranspiration [mm/d].
    Q : array, shape (T,), or None
        Observed streamflow [mm/d], NaN where missing.
    dates : DatetimeIndex of length T, or None
        None where the source has no dates; days then count from 0.
    source : str
        What messages call the data: the file, or the name.
    columns : tuple of str
        What messages call P, E and Q.
    remarks : tuple of Finding
        What was noticed in reading, and what is not plausible.
    examined : bool
        Whether the series were held against what is plausible before: parts of a catchment are not
        examined again.
    flow_limit : float
        Q at or below it [mm/d], written as 0, is only known to be so. By default it is found.

    Raises
    ------
    InputError
        Naming source, column and the first dates.
    """

    name: str
    P: Array
    E: Array
    Q: Array | None = None
    dates: pd.DatetimeIndex | None = None
    source: str = ""
    columns: tuple[str, str, str] = ("P", "E", "Q")
    remarks: tuple[Finding, ...] = ()
    examined: bool = False
    flow_limit: float | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "source", self.source or self.name)
        series, dates = aligned({"P": self.P, "E": self.E, "Q": self.Q}, self.dates, self.source)
        for key, values in {**series, "dates": dates}.items():
            put(self, key, values)
        put(self, "P", as_series(self.P, self._origin("P")))
        put(self, "E", as_series(self.E, self._origin("E")))
        if self.P.size == 0:
            raise InputError(f"{self.source} holds no days")
        put(self, "dates", None if self.dates is None else daily_index(self.dates, self.source))
        check_lengths({"P": self.P, "E": self.E, "Q": self.Q, "dates": self.dates}, self.source)
        check_forcing(self.P, self._origin("P"))
        check_forcing(self.E, self._origin("E"))
        if self.Q is not None:
            origin = self._origin("Q")
            Q, found = clean_flow(as_series(self.Q, origin), origin)
            put(self, "Q", Q)
            put(self, "remarks", (*self.remarks, *found))
        self._censor()
        if not self.examined:
            unbalanced = any(each.code == "water_balance" for each in self.remarks)
            found = examine(self.P, self.E, self.Q, self._origin, balance=not unbalanced)
            put(self, "remarks", (*self.remarks, *found))
            put(self, "examined", True)
        for array in (self.P, self.E, self.Q):
            if array is not None:
                array.setflags(write=False)

    def _censor(self) -> None:
        put = object.__setattr__
        limit = None if self.flow_limit is None else check_limit(self.flow_limit)
        if self.Q is not None and (limit is None or np.any((self.Q > 0) & (limit >= self.Q))):
            Q, limit, found = censored(self.Q, self._origin("Q"), limit, "mm/d")
            put(self, "Q", Q)
            put(self, "remarks", (*self.remarks, *found))
        put(self, "flow_limit", limit or 0.0)

    def __len__(self) -> int:
        return int(self.P.size)

    def __repr__(self) -> str:
        known = "P and E" if self.Q is None else "P, E and Q"
        return (
            f"Catchment {self.name}: {known} [mm/d] of {len(self)} days, {self.label(0)} to "
            f"{self.label(len(self) - 1)}"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """The words of the findings."""
        return tuple(finding.text for finding in self.findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the user should see: the remarks, and how many days have no Q."""
        missing = np.zeros(0, int) if self.Q is None else np.flatnonzero(np.isnan(self.Q))
        if not missing.size:
            return self.remarks
        have = "has" if missing.size == 1 else "have"
        first = self.label(int(missing[0]))
        text = f"{missing.size} of {len(self)} days {have} no Q (first {first})"
        return (*self.remarks, note("missing_flow", text))

    def label(self, day: int) -> str:
        """Name day number `day`, counted from 0: its date, or "day 17"."""
        return day_label(self.dates, day)

    def _days(self, first: Day, last: Day) -> tuple[int, int]:
        days = self.position(first, EXCLUDE), self.position(last, EXCLUDE, last=True)
        if days[1] < days[0]:
            raise InputError(f"{EXCLUDE}: the end {last} is before the start {first}")
        return days

    def select(self, start: Day | None = None, end: Day | None = None) -> Self:
        """Take the days from `start` to `end`, both included.

        Parameters
        ----------
        start, end : str, date or int, optional
            Dates, as ``"2012-06-09"`` or an object that is a date; years and months, ``"2012"`` and
            ``"2012-06"``, for their first or last day; day numbers from 0 where the catchment has
            no dates.

        Raises
        ------
        InputError
            A day that cannot be understood, lies outside the data, or an end before the start.
        """
        first = 0 if start is None else self.position(start, "--start (start=)")
        last = len(self) - 1 if end is None else self.position(end, "--end (end=)", last=True)
        if last < first:
            raise InputError(
                f"{self.source}: the end {self.label(last)} is before the start {self.label(first)}"
            )
        part = slice(first, last + 1)
        return replace(
            self,
            P=self.P[part],
            E=self.E[part],
            Q=None if self.Q is None else self.Q[part],
            dates=None if self.dates is None else self.dates[part],
            remarks=tuple(each for each in self.remarks if self._concerns(each, first, last)),
        )

    def _concerns(self, finding: Finding, first: int, last: int) -> bool:
        """Whether a finding is about one of the days from `first` to `last`, or about none."""
        for days in finding.dates:
            begin, end = (self.position(day, "dates") for day in days.split(":"))
            if begin <= last and end >= first:
                return True
        return not finding.dates

    def without(self, spans: Spans) -> Self:
        """Leave out the observations of some days: Q becomes NaN there, P and E stay.

        Parameters
        ----------
        spans : str or sequence
            ``"FIRST:LAST"``, both included, or several of them, or pairs (first, last) of what
            `select` takes.

        Raises
        ------
        InputError
            A span that cannot be understood, lies outside the data, or ends before it starts.
        """
        days = tuple(self._days(*each) for each in parse_spans(spans))
        if self.Q is None or not days:
            return self
        Q, origin = self.Q.copy(), self._origin("Q")
        for first, last in days:
            Q[first : last + 1] = np.nan
        texts = tuple(span(origin, *each) for each in days)
        count = int((np.isfinite(self.Q) & np.isnan(Q)).sum())
        left_out = note(
            "excluded", f"{count_days(count)} of Q left out of it ({', '.join(texts)})", *texts
        )
        kept = tuple(each for each in self.remarks if each.code not in (*GAUGE_CODES, "no_flow"))
        found = gauge_findings(Q, self.P, origin)
        # a limit that was found may have been that of zeros which are left out
        limit = None if any(each.code == "no_flow" for each in self.remarks) else self.flow_limit
        return replace(self, Q=Q, remarks=(*kept, *found, left_out), flow_limit=limit)

    def to_frame(self) -> pd.DataFrame:
        """Give the data as a DataFrame with the columns P, E and, where there is one, Q.

        The index is named ``date``, or ``day`` where there are no dates.
        """
        data = {"P": self.P, "E": self.E, "Q": self.Q}
        index = pd.RangeIndex(len(self)) if self.dates is None else self.dates
        frame = pd.DataFrame({k: v for k, v in data.items() if v is not None}, index=index)
        return frame.rename_axis("day" if self.dates is None else "date")

    @classmethod
    @takes(ReadingOptions)
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        name: str = "data",
        forcing_only: bool = False,
        **options: Unpack[ReadingOptions],
    ) -> Self:
        """Take the data from a DataFrame, under the same rules as `read_csv`.

        Parameters
        ----------
        frame : DataFrame
            One row per day, of pandas, polars or another library that narwhals knows, or an xarray
            Dataset. Dates are the index, if that holds dates, or a column.
        name : str
            Name of the catchment.
        forcing_only : bool
            Do not look at streamflow.
        **options
            Column names and the like, see `read_csv`.

        Raises
        ------
        InputError
        """
        header, rows = frame_cells(frame, name)
        if not rows:
            raise InputError(f"{name}: the data frame is empty")
        table = parse_table(header, rows, name, Request(forcing_only=forcing_only, **options))
        return cls(name, source=name, **table._asdict())

    def _origin(self, role: str) -> Origin:
        return Origin(self.source, role, self.columns["PEQ".index(role)], self.dates)

    def position(self, day: Day, option: str, *, last: bool = False) -> int:
        """Number of a day, counted from 0; `option` is what messages call the day.

        A year, as ``"2008"``, or a month, as ``"2008-05"``, is its first day, or its `last`.

        Raises
        ------
        InputError
            If the day cannot be understood or lies outside the data.
        """
        if self.dates is None:
            text = str(day).strip()
            if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
                raise InputError(
                    f"{option}: {day!r} is not a day number; {self.source} has no dates, "
                    f"so its days count from 0 to {len(self) - 1}"
                )
            position = int(text)
        else:
            position = int(
                (as_day(day, option, last) - self.dates.to_numpy()[0].astype("M8[D]")).astype(int)
            )
        if not 0 <= position < len(self):
            raise InputError(
                f"{option}: {day} is outside the data of {self.source}, which go from "
                f"{self.label(0)} to {self.label(len(self) - 1)}"
            )
        return position


def require_observations(catchment: Catchment, *, warmup: int = 0, minimum: int = 10) -> None:
    """Refuse a catchment without enough observed streamflow to calibrate on.

    Parameters
    ----------
    catchment : Catchment
    warmup : int
        Number of days at the start whose streamflow is not used.
    minimum : int
        Smallest number of observed days after the warm-up.

    Raises
    ------
    InputError
    """
    where = catchment.source
    if catchment.Q is None:
        why = "".join(f"; {remark.text}" for remark in catchment.remarks)
        raise InputError(
            f"{where}: there is no streamflow to calibrate on; name its column with "
            f"--discharge-column (discharge_column=){why}"
        )
    column = Origin(where, "Q", catchment.columns[2]).title
    if np.isnan(catchment.Q).all():
        raise InputError(f"{where}: {column} is missing on all {count_days(len(catchment))}")
    if len(catchment) <= warmup:
        raise InputError(
            f"{where}: too few days: {count_days(len(catchment))}, {warmup} of warm-up among them"
        )
    observed = int(np.isfinite(catchment.Q[warmup:]).sum())
    if observed < minimum:
        after = f" after {count_days(warmup)} of warm-up" if warmup else ""
        raise InputError(
            f"{where}: too few days: {column} is observed on {count_days(observed)}{after}; "
            f"at least {minimum} are needed"
        )
