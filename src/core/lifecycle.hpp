#pragma once

#include <optional>
#include <vector>

#include "core/service_signals.hpp"
#include "servicekit/base/error.hpp"

namespace servicekit {

class QueuedEvent;
class ServiceCore;

/// The life of a service from load to the last release, in the order that behaviour.md promises.
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
    std::optional<Error> take_over_sockets();
    // Of the setting ready-fd: whoever reads it learns of the readiness by a newline, and of a failure by the end alone.
    std::optional<Error> claim_ready_descriptor();
    /// Those that the log or a stream leads to by its name, as /dev/fd/5.
    std::optional<Error> claim_named_descriptors();
    void tell_ready_descriptor();
    void leave_ready_descriptor() noexcept;
    std::optional<Error> hold_lock();
    std::optional<Error> open_log();
    std::optional<Error> open_control();
    /// The signals that the program leaves to the service wait for the end of the load, from now on.
    std::optional<Error> note_signals();
    /// Looks at what came during the load. \returns an error if the service is not to start
    std::optional<Error> look_at_signals();
    std::optional<Error> start_handlers();
    /// All that runs the program's handlers, from the start event to the stop event. In the event thread, which is this
    /// one or another, as the daemon policy decides.
    /// \param started set once the start is over
    std::optional<Error> live(bool& started);
    std::optional<Error> start_event();
    void serve_until_stopped();
    void start_heartbeat();
    void serve();
    void serve(QueuedEvent& run);
    [[noreturn]] void kill_event();
    std::optional<Error> stop_event();
    void run_cleanups();
    /// Releases in reverse what was taken.
    /// \param fault what clients learn who wait for the end: why the stop was not clean
    void end(const std::optional<Error>& fault);

    ServiceCore* core_;
    std::vector<int> passed_descriptors_;    ///< all that the service manager opened
    std::optional<int> control_descriptor_;  ///< the one of them for the control socket
    std::optional<int> ready_descriptor_;
    bool entered_ = false;  ///< the daemon policy has got the service to where it runs
    bool lock_held_ = false;
    bool log_open_ = false;
    bool control_open_ = false;
    bool loop_turns_ = false;
    std::optional<Error> stop_fault_;  ///< why the stop was not clean
    ServiceSignals signals_;
};

}  // namespace servicekit
