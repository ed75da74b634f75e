#!/bin/bash
# The time that each part of Tests/run may take. Tests/run reads this file.
#
# A budget is a gross one: two to four times what the part takes in CI, on a machine with 2 cores that does other work as
# well. It finds a part that has become several times slower, not one that had bad luck. Whoever needs more raises a number
# here, where a reviewer sees it.

declare -A budgets=(
    [format]=180
    [build]=1200
    [unit]=900
    [fuzz]=900
    [package]=1500
    [linkage]=60
    [system]=2700
    [address]=1800
    [thread]=1800
    [figures-quick]=420
    [figures]=1800
    [arm64]=10800
    [corpus]=7200
    [endurance]=1800
)

# Whether a part that took so many seconds is within its budget. GATEKEEL_BUDGETS=off: always.
within_budget() { # PART SECONDS
    [ "${GATEKEEL_BUDGETS:-}" = off ] || [ "$2" -le "${budgets[$1]:-0}" ]
}

# The line of a part in the table of times.
time_of() { # PART SECONDS
    printf '%-14s %5d s of %5d s' "$1" "$2" "${budgets[$1]:-0}"
    if within_budget "$1" "$2"; then echo; else echo "  ABOVE ITS BUDGET"; fi
}

# What holds of the budgets themselves: each part has one; a part above its own fails, unless budgets are off.
budgets_hold() { # PART…
    local part status=0
    for part in "$@"; do
        if [ -z "${budgets[$part]:-}" ]; then
            echo "the part $part has no budget: add it to Tests/budgets.sh" >&2
            status=1
            continue
        fi
        GATEKEEL_BUDGETS='' within_budget "$part" "${budgets[$part]}" || { echo "$part: its whole budget is too much" >&2; status=1; }
        ! GATEKEEL_BUDGETS='' within_budget "$part" $((budgets[$part] + 1)) || { echo "$part: a second too much is allowed" >&2; status=1; }
        GATEKEEL_BUDGETS=off within_budget "$part" $((budgets[$part] + 1)) || { echo "$part: GATEKEEL_BUDGETS=off has no effect" >&2; status=1; }
    done
    return $status
}
