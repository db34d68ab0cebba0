#pragma once

#include <optional>

#include "core/passed_descriptors.hpp"
#include "core/service_signals.hpp"
#include "core/start_record.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit {

class ServiceCore;

/// The life of a service, from the load to the release of its last resource. docs/behaviour.md lists its steps.
class Lifecycle {
public:
    explicit Lifecycle(ServiceCore& core);

    /// \returns the exit code of the process
    int run(bool in_background);

private:
    /// Runs the stages of the start. \returns an error if a stage failed or was stopped; run() then undoes the earlier
    /// stages
    std::optional<Error> begin(bool in_background);
    /// Begins the life of the service in this process.
    void begin_life();
    /// Ends the process while a health check still runs.
    void end_despite_threads(int exit_code);
    /// Loads the configuration and prepares what follows from it.
    std::optional<Error> load(bool in_background);
    /// Configures the daemon policy before a load that runs after it.
    std::optional<Error> prepare_late_load(bool in_background);
    /// Enters the daemon policy. Returns only in the service, or with an error.
    std::optional<Error> enter(bool in_background);
    std::optional<Error> take_up_late_surroundings();
    std::optional<Error> hold_lock();
    std::optional<Error> open_log();
    /// Writes the record of the start for later verbs. A failure is only a warning.
    void leave_record();
    std::optional<Error> open_control();
    /// Makes the signals that the service handles wait for the end of the load.
    std::optional<Error> note_signals();
    /// Checks the signals that arrived during the load. \returns an error if the service must not start
    std::optional<Error> look_at_signals();
    std::optional<Error> start_handlers();
    /// Reports that the service is ready.
    void ready();
    /// Begins to write the metrics file, if there is one.
    void write_metrics();
    /// Releases all resources, in reverse order.
    /// \param fault why the stop was not clean, for the clients that wait for the end
    void end(const std::optional<Error>& fault);

    ServiceCore& core_;
    PassedDescriptors descriptors_;
    Result<StartRecord> record_ = Error{};  ///< of this start, made at the end of the load
    bool entered_ = false;                  ///< the daemon policy was entered, and this is the service
    bool lock_held_ = false;
    bool log_open_ = false;
    bool control_open_ = false;
    bool loop_turns_ = false;
    bool lock_has_answered_ = true;  ///< no thread asks the lock any more
    bool is_ready_ = false;          ///< ready() was called
    bool writes_metrics_ = false;    ///< write_metrics() was called
    ServiceSignals signals_;
};

}  // namespace servicekit
