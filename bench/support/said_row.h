// bench/support/said_row.h
//
// Figures for bench/run.py: one line of JSON each, in the file that BF_BENCH_ROWS names.
#pragma once

#include <string>

namespace bf::bench {

/// `name` is of letters, digits and "/_.-", and is unique among all benches. Without the variable it does
/// nothing; what cannot be written ends the program.
void say_row(const std::string& name, double value, const std::string& unit);

}  // namespace bf::bench
