#pragma once

#include <optional>

#include "core/announcements.hpp"
#include "core/crash_watch.hpp"
#include "core/end_askers.hpp"
#include "core/error_output.hpp"
#include "core/metrics_file.hpp"
#include "core/runs.hpp"
#include "core/service_log.hpp"
#include "core/stop_note.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/os/process.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// Ends the process whatever its handlers do, after it has released the control socket, the log and the lock, and
/// has removed the metrics file.
class ForcedExit {
public:
    ForcedExit(ErrorOutput& error_output, Runs& runs, EndAskers& end_askers, PolicyReferences& policies,
               ServiceLog& service_log, CrashWatch& crash_watch, StopNote& stop_note, MetricsFile& metrics_file,
               Announcements& announcements, os::Process& process)
        : error_output_{error_output},
          runs_{runs},
          end_askers_{end_askers},
          policies_{policies},
          service_log_{service_log},
          crash_watch_{crash_watch},
          stop_note_{stop_note},
          metrics_file_{metrics_file},
          announcements_{announcements},
          process_{process} {}

    /// \param error the reason; nothing for exit code 0
    void operator()(const std::optional<Error>& error);

private:
    ErrorOutput& error_output_;
    Runs& runs_;
    EndAskers& end_askers_;
    PolicyReferences& policies_;
    ServiceLog& service_log_;
    CrashWatch& crash_watch_;
    StopNote& stop_note_;
    MetricsFile& metrics_file_;
    Announcements& announcements_;
    os::Process& process_;
};

}  // namespace servicekit
