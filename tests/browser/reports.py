"""A comparison for people, as text and as HTML."""

import html as markup

# Subtests shown of one test.
SHOWN = 20


def summary(agreement, facts):
    total = agreement.all
    lines = [
        f"{total.same} of {total.subtests} subtests the same ({total.percent:.2f} %), in {total.tests} tests, of which "
        f"{total.differing} differ",
    ]
    if total.flaky:
        lines.append(f"{total.flaky} subtests left out, because the reference is not the same twice")
    if needing := sum(bool(each.needs) for each in agreement.differences):
        lines.append(f"{needing} of the tests that differ name Python or WebSocket handlers")
    if agreement.unknown:
        lines.append(f"{len(agreement.unknown)} tests run that the reference does not have")
    return lines + facts


def text(agreement, facts):
    out = [*summary(agreement, facts), "", f"{'':<40} {'tests':>7} {'differ':>7} {'subtests':>9} {'same':>9} {'%':>7} {'flaky':>6}"]
    for name, count in agreement.folders.items():
        out.append(f"{name:<40} {count.tests:>7} {count.differing:>7} {count.subtests:>9} {count.same:>9}"
                   f" {count.percent:>7.2f} {count.flaky:>6}")
    for each in agreement.differences:
        out += ["", each.test, *(f"    names {handler}" for handler in each.needs)]
        for name, reference, ours, message in each.subtests[:SHOWN]:
            out.append(f"    {one_line(name)}: {reference} -> {ours}" + (f"  {one_line(message)}" if message else ""))
        if len(each.subtests) > SHOWN:
            out.append(f"    … {len(each.subtests) - SHOWN} more")
    return "\n".join(out) + "\n"


def html(agreement, facts):
    rows = "\n".join(
        f"<tr{' class=bad' if count.differing else ''}><td>{escape(name)}<td>{count.tests}<td>{count.differing}"
        f"<td>{count.subtests}<td>{count.same}<td>{count.percent:.2f}<td>{count.flaky}"
        for name, count in agreement.folders.items())
    tests = "\n".join(difference(each) for each in agreement.differences)
    lines = "".join(f"<li>{escape(line)}" for line in summary(agreement, facts))
    return PAGE.format(summary=lines, rows=rows, tests=tests or "<p>None.")


def difference(each):
    rows = "".join(
        f"<tr><td>{escape(name)}<td>{reference}<td>{ours}<td>{escape(message)}"
        for name, reference, ours, message in each.subtests[:SHOWN])
    more = f"<p>… {len(each.subtests) - SHOWN} more" if len(each.subtests) > SHOWN else ""
    return (f"<details><summary>{escape(each.test)} ({len(each.subtests)})</summary>"
            f"{''.join(f'<p>names {escape(handler)}' for handler in each.needs)}"
            f"<table><tr><th>subtest<th>reference<th>ours<th>message{rows}</table>{more}</details>")


def results(run, facts):
    """A run without a reference: how many of each status."""
    harness, subtests = {}, {}
    for result in run.values():
        harness[result["status"]] = harness.get(result["status"], 0) + 1
        for status, _ in result["subtests"].values():
            subtests[status] = subtests.get(status, 0) + 1
    shown = [", ".join(f"{number} {status}" for status, number in sorted(each.items())) or "none" for each in (harness, subtests)]
    return "\n".join([f"tests: {shown[0]}", f"subtests: {shown[1]}", *facts]) + "\n"


def one_line(words):
    return " ".join(printable(words).split())[:200]


def printable(words):
    """Names of subtests may have surrogates without a partner, which no file can hold."""
    return words.encode("utf-8", "replace").decode("utf-8")


def escape(words):
    return markup.escape(printable(words))


PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Agreement with the reference</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.4 system-ui, sans-serif; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.2rem 0.7rem; border-bottom: 1px solid #8886; text-align: right; vertical-align: top; }}
th:first-child, td:first-child, details :is(th, td) {{ text-align: left; }}
.bad {{ color: light-dark(#a11b1b, #ff9d94); }}
</style>
<h1>Agreement with the reference</h1>
<ul>{summary}</ul>
<table><thead><tr><th>folder<th>tests<th>differ<th>subtests<th>same<th>%<th>flaky</thead><tbody>
{rows}
</tbody></table>
<h2>Tests that differ</h2>
{tests}
"""
