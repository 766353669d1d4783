"""The simulator: the whole system in one process from one seed, with faults and an auditor."""
