# SPDX-License-Identifier: BSD-2-Clause
"""Text for people: columns, ratios, figures with their spread."""


def ratio(number, base):
    """Two decimals, or a dash where there is nothing to compare."""
    return f"{number / base:.2f}" if number and base else "-"


def aligned(lines):
    """Columns as wide as they need; the first to the left."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join([line[0].ljust(widths[0])] +
                               [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
                     .rstrip() for line in lines)


def spread(one, counter):
    """one[counter], and the distance of the farthest boot ("min", "max") in whole percent, rounded
    up."""
    number = one[counter]
    far = max(one["max"] - number, number - one["min"])
    percent = f"{-(-100 * far // number)}%" if far and number else ""
    return f"{number} {percent:>3}"
