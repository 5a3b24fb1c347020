"""What browsers did, as data: record/BROWSER.json.

    {"browser": …, "version": …, "runs": N, "rows": {"FILE over PROTOCOL": {"seen": …, "agrees": …, "reason": …}}}

`seen` is the outcome as `summary` of outcome.js words it; in an unstable row the list of all that was seen in N runs.
`agrees` says whether that is, each time, what the table's `expect` wants. Where it is not, `reason` is a sentence of
somebody who has looked.
"""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parent / "record"
UNKNOWN_REASON = "not looked into"


def of_runs(browser, version, runs):
    """A record of what several runs gave."""
    rows = {}
    for name in sorted(set().union(*runs)):
        got = [rows_of_run[name] for rows_of_run in runs if name in rows_of_run]
        seen = sorted({row["seen"] for row in got})
        agrees = all(row["agrees"] for row in got)
        rows[name] = {"seen": seen if len(seen) > 1 else seen[0], "agrees": agrees}
        if not agrees:
            rows[name]["reason"] = UNKNOWN_REASON
    return {"browser": browser, "version": version, "runs": len(runs), "rows": rows}


def add(got, known):
    """Takes over what was seen before: the more runs, the rarer the outcomes that are known."""
    got["runs"] += known.get("runs", 0)
    for name, before in known["rows"].items():
        row = got["rows"].setdefault(name, before)
        seen = sorted({*outcomes(row), *outcomes(before)})
        row["seen"] = seen if len(seen) > 1 else seen[0]
        row["agrees"] = row["agrees"] and before["agrees"]
        if not row["agrees"]:
            row["reason"] = before.get("reason", UNKNOWN_REASON)


def outcomes(row):
    """All outcomes of a row."""
    return row["seen"] if isinstance(row["seen"], list) else [row["seen"]]


def is_unstable(row):
    return isinstance(row["seen"], list)


def keep_reasons(got, known):
    """Takes over the reasons of outcomes that are as they were. A new outcome needs a new look."""
    for name, row in got["rows"].items():
        before = known["rows"].get(name)
        if before and "reason" in row and "reason" in before and set(outcomes(row)) & set(outcomes(before)):
            row["reason"] = before["reason"]


def is_new(now, before):
    """Whether something was seen that is not recorded."""
    return not set(outcomes(now)) <= set(outcomes(before))


def changed(got, known):
    """The names of the rows with a new outcome."""
    return [name for name, row in got["rows"].items() if name in known["rows"] and is_new(row, known["rows"][name])]


def compared(got, known, complete):
    """How a run differs from the record. `complete`: all rows were to be run."""
    faults = []
    for name in sorted(known["rows"].keys() | got["rows"].keys()):
        now, before = got["rows"].get(name), known["rows"].get(name)
        if now is None:
            faults += [f"{name}: recorded, but not run"] if complete else []
        elif before is None:
            faults.append(f"{name}: not recorded; seen {shown(now)}")
        elif is_new(now, before):
            faults.append(f"{name}: recorded {shown(before)}; seen {shown(now)}")
        elif not is_unstable(before) and now["agrees"] != before["agrees"]:
            faults.append(f"{name}: {shown(now)} is judged otherwise than recorded")
        elif before.get("reason") == UNKNOWN_REASON:
            faults.append(f"{name}: {shown(before)}, for a reason that nobody has looked into")
    return faults


def shown(row):
    return " or ".join(outcomes(row))


def load(browser):
    file = FOLDER / f"{browser}.json"
    return json.loads(file.read_text()) if file.exists() else {"version": "none", "rows": {}}


def save(record, folder):
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{record['browser']}.json").write_text(text)
