#pragma once

#include <cstddef>

/// How much a page shows of what services report, however much that is. Sizes are in bytes.
namespace servicekit::servicectl::web::limits {

constexpr std::size_t word = 128;       ///< a name, a state, a unit
constexpr std::size_t sentence = 1024;  ///< a reason, a help text
constexpr std::size_t value = 4096;     ///< of a setting or a field of the status
constexpr std::size_t log_line = 4096;
constexpr std::size_t log_lines = 500;
constexpr std::size_t outcome = 256 * 1024;  ///< of a run
constexpr std::size_t items = 64 * 1024;     ///< of a run, all together
constexpr std::size_t crash = 64 * 1024;     ///< the text of a report
constexpr std::size_t events = 300;
constexpr std::size_t parameters = 64;  ///< of an event
constexpr std::size_t choices = 500;    ///< of a parameter
constexpr std::size_t settings = 1000;
constexpr std::size_t status = 300;
constexpr std::size_t checks = 100;
constexpr std::size_t charts = 200;
constexpr std::size_t runs = 50;
constexpr std::size_t crashes = 50;

}  // namespace servicekit::servicectl::web::limits
