#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace servicekit {

class Context;
class HealthChecks;

/// Checks one part of a service. The part is healthy if the function returns, and not if it throws.
/// \param context has the deadline of the run, and a stop token. Context::wait_for() returns early when the time of the
///                check is up, and when the service stops. A call to another service in the function has that deadline.
///
/// A std::stop_callback on the stop token must return at once and must not throw. When the time of the check is up, it
/// runs on a thread of its own. When the service stops, it runs on the thread that serves signals and the control
/// socket: if it blocks there, `status` and `kill` get no answer. It may call ServiceBase::post(), but not trigger().
using HealthCheck = std::function<void(const Context& context)>;

/// How a check runs, and what it means.
struct HealthCheckOptions {
    bool critical = false;                       ///< if true, the service is not ready unless the check has succeeded
    std::chrono::milliseconds interval{10'000};  ///< time from the end of a run to the next run
    std::chrono::milliseconds timeout{5'000};    ///< a run that takes this long has failed
};

/// What is known of one check.
struct HealthResult {
    /// How a run ended.
    enum class Outcome {
        pending,    ///< no run has ended yet
        ok,         ///< the function returned
        failed,     ///< the function threw, or could not be called
        timed_out,  ///< the function took too long; it may still run
    };

    std::string check;                              ///< the name
    bool critical = false;                          ///< the option
    Outcome outcome = Outcome::pending;             ///< of the last run
    std::string reason = {};                        ///< why it is not ok: one line, escaped, at most 200 bytes
    std::chrono::milliseconds age{0};               ///< time since the outcome is known
    std::chrono::system_clock::time_point at = {};  ///< when the outcome became known
    /// Duration of the last run that has ended, or that is overdue; nothing if there was none.
    std::optional<std::chrono::microseconds> took = {};
    /// How long the present run takes already; nothing if the check does not run.
    std::optional<std::chrono::milliseconds> running = {};
};

/// The name of the outcome, as `status` shows it: "timed-out".
[[nodiscard]] std::string_view to_string(HealthResult::Outcome outcome) noexcept;

/// The health checks of a service. `health`, `status` and `metrics` show their last results at once, even if a check or
/// a handler hangs. Add them in the constructor or in on_start():
/// \code
/// health().add("database", [this](const Context&) { database_.ping(); }, {.critical = true, .interval = 5s});
/// \endcode
/// Checks run beside the handlers, on_load(), on_reload() and each other, on at most four threads of their own. Lock
/// what they share with handlers. A check never runs beside itself. A thread exists only while a check runs.
///
/// The first runs begin when on_start() has returned. The service announces that it is ready without waiting for them.
/// A reload does not affect checks.
///
/// A check that does not return in time has failed. It keeps its thread and does not start again before it returns.
/// Other checks go on. If hung checks have all four threads, the other checks fail, too. A check also fails if it has
/// waited for a thread for longer than its own timeout.
///
/// When the service stops, no check begins. Checks that run are asked to end. The stop waits for them for at most a
/// second and at most half of `stop-timeout`, and not at all for those that are overdue. So on_stop() may run beside a
/// check that hangs. If it still runs at the end of the stop, the process ends with _exit(2), so start() and run() do
/// not return and nothing that the check uses is destroyed. In the foreground, a line on stderr says so before. Text in
/// buffers of stdio is lost.
///
/// All functions may be called from any thread.
class Health {
public:
    /// Made by the service. See ServiceBase::health().
    explicit Health(std::shared_ptr<HealthChecks> checks) : checks_{std::move(checks)} {}

    /// Adds a check. It can be added at any time and lives as long as the service.
    /// \param name letters, digits, `.`, `_`, `-`, at most 64
    /// \throws std::invalid_argument if the name is not valid or taken, if there is no function, if a time is not
    ///         positive, or if there are 100 checks already
    void add(std::string name, HealthCheck check, HealthCheckOptions options = {}) const;
    /// The results, in the order in which the checks were added.
    [[nodiscard]] std::vector<HealthResult> results() const;

private:
    std::shared_ptr<HealthChecks> checks_;
};

}  // namespace servicekit
