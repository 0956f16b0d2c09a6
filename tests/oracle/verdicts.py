"""What an audit found: whether `mc` runs an edited model as the reference does, refuses it, or does otherwise."""

import numpy as np

from states import row_error

MOVED = 1e-6


class Verdicts:
    def __init__(self, reference):
        self.reference, self.same, self.refused, self.worst = reference, 0, 0, 0.0
        self.failed, self.needless, self.alone = [], [], []

    def judge(self, what, want, base, got, bound):
        """`got`: mc's states of the edited model or its reason for refusing; the reference's are `want`, `base` unedited."""
        moved = want.shape != base.shape or row_error(want, base).max() > MOVED
        if not isinstance(got, np.ndarray):
            self.refused += 1
            self.needless += [] if moved else [(what, got)]
            return
        off = row_error(got, want).max() if got.shape == want.shape else float("inf")
        self.same += 1
        if not off <= bound:
            self.failed.append((what, off))
            print("  %-60s off by %.1e (%s moved: %s)" % (what, off, self.reference, moved), flush=True)
        else:
            self.worst = max(self.worst, off)

    def report(self, verbose):
        """The exit code: 1 where something is wrong."""
        print("%d edits give the states of %s (worst %.1e), %d are refused, %d of these for nothing, %d are wrong" %
              (self.same - len(self.failed), self.reference, self.worst, self.refused, len(self.needless), len(self.failed)))
        if verbose:
            print("".join("  refused: %s: %s\n" % pair for pair in self.needless) +
                  "".join("  runs here only: %s\n" % what for what in self.alone), end="")
        return 1 if self.failed else 0
