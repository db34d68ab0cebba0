#pragma once

#include <optional>

#include "core/passed_descriptors.hpp"
#include "core/service_signals.hpp"
#include "core/start_record.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/base/result.hpp"

namespace servicekit {

class ServiceCore;

/// The life of a service from load to the last release. docs/behaviour.md lists its steps in order.
class Lifecycle {
public:
    explicit Lifecycle(ServiceCore& core);

    /// \returns the exit code of the process
    int run(bool in_background);

private:
    /// A stage that failed, or was stopped, undoes those before it.
    std::optional<Error> begin(bool in_background);
    /// This is the process that becomes the service.
    void begin_life();
    /// The configuration, and what follows from it before anything is done.
    std::optional<Error> load(bool in_background);
    /// What the daemon policy has to know before a load that comes after it.
    std::optional<Error> prepare_late_load(bool in_background);
    /// Goes where the service runs; returns in the service only, save with an error.
    std::optional<Error> enter(bool in_background);
    std::optional<Error> take_up_late_surroundings();
    std::optional<Error> hold_lock();
    std::optional<Error> open_log();
    /// Writes the record of the start, for verbs that come later. That it can't be is a warning.
    void leave_record();
    std::optional<Error> open_control();
    /// The signals that the program leaves to the service wait for the end of the load, from now on.
    std::optional<Error> note_signals();
    /// Looks at what came during the load. \returns an error if the service is not to start
    std::optional<Error> look_at_signals();
    std::optional<Error> start_handlers();
    /// Tells all who wait for the readiness.
    void ready();
    /// Releases in reverse what was taken.
    /// \param fault what clients learn who wait for the end: why the stop was not clean
    void end(const std::optional<Error>& fault);

    ServiceCore& core_;
    PassedDescriptors descriptors_;
    Result<StartRecord> record_ = Error{};  ///< made where the start was asked for
    bool entered_ = false;                  ///< the daemon policy has got the service to where it runs
    bool lock_held_ = false;
    bool log_open_ = false;
    bool control_open_ = false;
    bool loop_turns_ = false;
    ServiceSignals signals_;
};

}  // namespace servicekit
