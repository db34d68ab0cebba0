#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "integration/support/service_program.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/call_error.hpp"

namespace servicekit::test {

/// A service in the background, started with its verb `start`. The destructor ends the started process only: with INT,
/// or with KILL if that does not help.
class RunningService {
public:
    /// Returns when the service runs. \param options of this start: {"--stop-timeout", "1"}
    /// \throws std::runtime_error with the output of `start` if the start fails
    explicit RunningService(const ServiceProgram& program, const Strings& options = {});
    RunningService(const RunningService&) = delete;
    RunningService& operator=(const RunningService&) = delete;
    ~RunningService();

    [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
    [[nodiscard]] Process& process() noexcept { return process_; }
    void signal(int number) const { process_.signal(number); }
    [[nodiscard]] bool has_ended() const { return process_.has_ended(); }
    /// Waits for the end. \returns its exit code, or 128 and the number of the signal that ended it
    int exit_code() { return process_.exit_code(); }

    /// Triggers an event over a connection of its own, and waits for the reply.
    /// \throws CallError without a successful reply, std::runtime_error without a connection
    Object call(std::string_view event, const Object& arguments = {}) const;
    /// Triggers an event that must fail. \returns the error object
    Object call_in_vain(std::string_view event, const Object& arguments = {}) const;
    /// Waits until the status shows the event as the running one.
    void await_busy(std::string_view event) const;
    /// Waits until the log contains the text.
    void await_log(std::string_view text) const;

private:
    ServiceProgram program_;
    Process process_;
};

}  // namespace servicekit::test
