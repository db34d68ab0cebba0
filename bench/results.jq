# What bench/NAME and scripts/bench write for bench/report, as the programs do in results.hpp.

# The median, the least and the most of numbers.
def spread: sort | {median: .[length / 2 | floor], least: .[0], most: .[-1]};

def results($benchmark; $settings; $tables): {benchmark: $benchmark, settings: $settings, tables: $tables, skipped: []};
