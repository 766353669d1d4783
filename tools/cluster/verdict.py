"""Whether a cluster kept what it promised: findings from what was told and what is there.

Pure: it is given promises and rows, and returns sentences. What must hold: each of the three
questions (is something lost, is something twice, did two machines lead at once) is answered by
facts of its own, so that one mistake of ours cannot hide all.
"""

from collections.abc import Iterable, Mapping, Sequence

from tools.cluster.prober import Promise

Written = Mapping[str, Mapping[int, str]]
"""Each writer's numbers, and the timeline each was written on."""


def lost(promises: Iterable[Promise], written: Written) -> list[str]:
    """Return the promises whose row is gone, or was written anew after it had gone."""
    found = []
    for each in promises:
        there = written.get(each.writer, {}).get(each.number)
        if there is None:
            found.append(f"{each.writer} was promised {each.number}, and it is gone")
        elif there != each.timeline:
            found.append(
                f"{each.writer} was promised {each.number} on timeline {each.timeline},"
                f" and it was written again on {there}"
            )
    return found


def twice(written: Written, sums: Mapping[str, int]) -> list[str]:
    """Return the writers whose sum is not one for each number."""
    return [
        f"{writer} wrote {len(written.get(writer, {}))} numbers, and {total} were added"
        for writer, total in sums.items()
        if total != len(written.get(writer, {}))
    ]


def two_leaders(promises: Sequence[Promise], machines: Iterable[str]) -> list[str]:
    """Return signs that two machines took writes at once.

    A timeline belongs to one machine; and once a later timeline has acknowledged a write, none that
    was sent after that moment is acknowledged on an earlier one.
    """
    direct = set(machines)
    found = []
    first_s: dict[str, float] = {}
    owners: dict[str, set[str]] = {}
    for each in promises:
        first_s[each.server] = min(each.told_s, first_s.get(each.server, each.told_s))
        if each.writer in direct:
            owners.setdefault(each.server, set()).add(each.writer)
    found += [
        f"{' and '.join(sorted(who))} both took writes on timeline {timeline}"
        for timeline, who in sorted(owners.items())
        if len(who) > 1
    ]
    ordered = sorted(first_s)  # Hexadecimal and of one length, so in the order they began.
    ends_s = {
        timeline: min(first_s[later] for later in ordered[at + 1 :])
        for at, timeline in enumerate(ordered[:-1])
    }
    found += [
        f"{each.writer} was promised {each.number} on timeline {each.server},"
        f" {each.sent_s - ends_s[each.server]:.1f} s after a later one had begun"
        for each in promises
        if each.sent_s > ends_s.get(each.server, each.sent_s)
    ]
    return found
