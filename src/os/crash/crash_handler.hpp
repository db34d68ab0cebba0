#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/os/crash_reporter.hpp"

namespace servicekit::os {

/// The one of the process: what its signal handlers know. From normal code, one thread at a time.
namespace crash_handler {

/// As CrashReporter::install(), without guarding a thread. \pre nobody has installed it
void install(const CrashPlan& plan);
void uninstall() noexcept;
/// The process that installed it; 0: none.
[[nodiscard]] pid_t owner() noexcept;

/// The file that a report goes to.
struct ReportPlace {
    int descriptor = -1;
    int directory = -1;          ///< that it is in, or is to be put in
    std::string path = {};       ///< where it is, or is to be put
    std::string otherwise = {};  ///< the same, if something else is at the path by then
    bool is_nameless = false;    ///< it is to be put there
};
/// From now on. Without a descriptor there is none.
void set_report(const ReportPlace& place) noexcept;
/// \returns false where there are too many.
bool add_listener(CrashListener& listener) noexcept;

}  // namespace crash_handler
}  // namespace servicekit::os
