"""The browsers side by side, as text and as HTML."""

import html as markup

import record


def lines(table, runs):
    """(its name, the table's row, what each browser made of it) for each row and protocol that any has run."""
    for row in table:
        for protocol in ("http/1.1", "h2"):
            name = f"{row['file']} over {protocol}"
            if any(name in got["rows"] for got in runs.values()):
                yield name, row, [got["rows"].get(name) for got in runs.values()]


def totals(runs, faults):
    for name, got in runs.items():
        known = record.load(name)
        agree = sum(row["agrees"] for row in got["rows"].values())
        unstable = sum(record.is_unstable(known["rows"].get(row, got["rows"][row])) for row in got["rows"])
        with_what = "" if known["version"] == got["version"] else f" (recorded: {known['version']})"
        yield (
            f"{name} {got['version']}{with_what}: of {len(got['rows'])}, {agree} as they should be, "
            f"{len(got['rows']) - agree} otherwise; {unstable} known not to be the same each time; "
            f"{len(faults[name])} other than recorded"
        )


def text(table, runs, faults):
    out = [*totals(runs, faults), ""]
    for name, row, seen in lines(table, runs):
        out.append(f"{name}\n    expected      {row['expect']}")
        for browser, each in zip(runs, seen):
            if each:
                out.append(f"    {browser:<10} {'  ' if each['agrees'] else '! '} {record.shown(each)}")
    for browser, each in faults.items():
        if each:
            out += ["", f"{browser}, other than recorded:", *(f"    {fault}" for fault in each)]
    return "\n".join(out) + "\n"


def html(table, runs, faults):
    known = [record.load(browser)["rows"] for browser in runs]
    heads = "".join(f"<th>{markup.escape(name)}" for name in ("script", "expected", *runs))
    shown = []
    for name, row, seen in lines(table, runs):
        cells = [f"<b>{markup.escape(row['title'])}</b><br><small>{markup.escape(name)}</small>", markup.escape(row["expect"])]
        outcomes = (outcome(each, rows.get(name)) for each, rows in zip(seen, known))
        shown.append("<tr>" + "".join(f"<td>{cell}" for cell in cells) + "".join(outcomes))
    summary = "".join(f"<li>{markup.escape(line)}" for line in totals(runs, faults))
    other = "".join(f"<li>{markup.escape(f'{name}: {fault}')}" for name, each in faults.items() for fault in each)
    return PAGE.format(summary=summary, heads=heads, rows="\n".join(shown), other=other or "<li>nothing")


def outcome(row, recorded):
    """A cell: what was seen, what else has been, and why it is not what it should be."""
    if row is None:
        return "<td>"
    seen = "<br>or ".join(map(markup.escape, record.outcomes(row)))
    reason = f'<br><small>{markup.escape(row["reason"])}</small>' if "reason" in row else ""
    if recorded and record.is_unstable(recorded):
        reason = f"<br><small>not the same each time: {markup.escape(record.shown(recorded))}</small>{reason}"
    return f'<td class="{"good" if row["agrees"] else "bad"}">{seen}{reason}'


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Misbehaviour in browsers</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.4 system-ui, sans-serif; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.3rem 0.7rem; border-bottom: 1px solid #8886; text-align: left; vertical-align: top; }}
th {{ position: sticky; top: 0; background: Canvas; }}
small {{ color: CanvasText; font-weight: 400; opacity: 0.8; }}
.good {{ color: light-dark(#176535, #7fd6a0); }}
.bad {{ color: light-dark(#a11b1b, #ff9d94); font-weight: 600; }}
</style>
<h1>Misbehaviour in browsers</h1>
<ul>{summary}</ul>
<table><thead><tr>{heads}</thead><tbody>
{rows}
</tbody></table>
<h2>Other than recorded</h2>
<ul>{other}</ul>
"""
