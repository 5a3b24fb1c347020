"""How far two runs agree, subtest by subtest.

A run is {test: {"status", "message", "subtests": {name: [status, message]}}}. The harness's own status counts as one more
subtest.
"""

import dataclasses

HARNESS = "(harness)"


@dataclasses.dataclass
class Difference:
    """One test that does not do the same."""

    test: str
    # (subtest, reference, ours, message)
    subtests: list
    # The handlers that the test's files name.
    needs: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Count:
    """Of one folder, or of all."""

    tests: int = 0
    differing: int = 0
    subtests: int = 0
    same: int = 0
    flaky: int = 0

    @property
    def percent(self):
        return 100 * self.same / self.subtests if self.subtests else 100.0


class Agreement:
    """A comparison. Subtests that differ between the reference and a second run of it are left out as flaky."""

    def __init__(self, reference, ours, stable=None, depth=1):
        self.all, self.folders, self.differences = Count(), {}, []
        self.unknown = [test for test in ours if test not in reference]
        self.not_run = [test for test in reference if test not in ours]
        for test in reference.keys() & ours.keys():
            count = self.folders.setdefault(folder(test, depth), Count())
            wrong = self.compare(test, reference[test], ours[test], stable and stable.get(test), count)
            if wrong:
                self.differences.append(Difference(test, wrong))
            for each in (count, self.all):
                each.tests += 1
                each.differing += bool(wrong)
        self.folders = dict(sorted(self.folders.items()))
        self.differences.sort(key=lambda each: each.test)

    def compare(self, test, reference, ours, again, count):
        expected, seen = statuses(reference), statuses(ours)
        second = statuses(again) if again else expected
        wrong = []
        # What only our run has is a difference as well, unless the reference itself gives different names each time.
        for name in expected | {name: None for name in seen if name not in expected and name not in second}:
            stable = second.get(name) == expected.get(name)
            same = expected.get(name) == seen.get(name)
            for each in (count, self.all):
                each.flaky += not stable
                each.subtests += stable
                each.same += stable and same
            if stable and not same:
                message = ours["message"] if name == HARNESS else ours["subtests"].get(name, [None, None])[1]
                wrong.append((name, expected.get(name, "missing"), seen.get(name, "missing"), message or ""))
        return wrong


def statuses(result):
    return {HARNESS: result["status"], **{name: status for name, (status, _) in result["subtests"].items()}}


def folder(test, depth):
    return "/".join(test.split("/")[: depth + 1] if test.count("/") > depth else test.split("/")[:-1]) or "/"
