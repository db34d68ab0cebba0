#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/os/crash_reporter.hpp"

namespace servicekit::os {

/// The crash handler of the process. Call its functions from normal code, in one thread at a time.
namespace crash_handler {

/// Like CrashReporter::install(), but guards no thread. \pre it is not installed
void install(const CrashPlan& plan);
void uninstall() noexcept;
/// The process that installed it; 0 if none did.
[[nodiscard]] pid_t owner() noexcept;

/// The file for the report.
struct ReportPlace {
    int descriptor = -1;
    int directory = -1;          ///< that contains the file, or will contain it
    std::string path = {};       ///< of the file, or its future path if it has no name yet
    std::string otherwise = {};  ///< used if another file is at `path` by then
    bool is_nameless = false;    ///< the file gets its name when the report is written
};
/// Sets the file for later reports. Without a descriptor there is no file.
void set_report(const ReportPlace& place) noexcept;
/// \returns false if there are too many listeners.
bool add_listener(CrashListener& listener) noexcept;

}  // namespace crash_handler
}  // namespace servicekit::os
