#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/candidacy.hpp"
#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "core/health_checks.hpp"
#include "core/instance.hpp"
#include "core/life_state.hpp"
#include "core/runs.hpp"
#include "core/timers.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/metrics.hpp"
#include "servicekit/core/reply.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// Makes the reply of the event `status`: the built-in fields, the metrics, and the application's own fields,
/// which on_status() sets. The own fields are kept, for use while a handler prevents on_status() from running.
class ServiceStatus {
public:
    /// \param program has on_status()
    ServiceStatus(const EventHooks& program, const EventTable& events, EventRunner& runner, const EventQueue& queue,
                  const Runs& runs, const Timers& timers, const Instance& instance, const LifeState& state,
                  const PolicyReferences& policies, const Candidacy& candidacy, const Metrics& metrics,
                  const HealthChecks& health_checks, const os::Clock& clock, Logger& log)
        : program_{program},
          events_{events},
          runner_{runner},
          queue_{queue},
          runs_{runs},
          timers_{timers},
          instance_{instance},
          state_{state},
          policies_{policies},
          candidacy_{candidacy},
          metrics_{metrics},
          health_checks_{health_checks},
          clock_{clock},
          log_{log} {}

    // For the event thread.
    /// Calls on_status(). \returns the own fields. Other fields that it sets are left out, with a warning for each.
    Reply ask();
    /// Calls on_status() before the service is ready, if there are metrics. A service that shows nothing else
    /// then never switches threads for its status.
    void ask_before_ready();
    /// Notes that the default ServiceBase::on_status() was called, which means that it is not overridden.
    void note_default() noexcept { default_ran_ = true; }
    /// Calls on_status() before another event begins, if the kept fields are older than a second. Does not call it if
    /// it was slow the last time.
    void refresh_before(std::string_view event);
    void keep(const Object& own);

    // For any thread.
    /// Returns false after a call of the default on_status().
    [[nodiscard]] bool may_have_own() const noexcept { return may_have_own_.load(std::memory_order_relaxed); }
    /// Returns true if the status has this field without the application.
    [[nodiscard]] bool is_built_in(std::string_view field) const;
    /// \returns the built-in fields, the metrics and `own`
    [[nodiscard]] Object with(const Object& own) const;
    /// Appends the built-in fields, the metrics and the kept fields, with the time of the latter, as JSON.
    void append_last_known(std::string& out) const;

private:
    /// The fields that the status always has, as JSON, except for what changes while the service runs.
    struct ConstantText {
        std::string before_uptime;
        std::string before_state;
        std::string after_state;
    };
    /// The built-in fields as append_fields() prints them, and the values that it was made from, if they can change.
    struct Printed {
        std::string text;
        std::int64_t uptime = -1;
        ServiceState state = ServiceState::idle;
        Object varying = {};
    };

    /// Returns the fields that the status always has.
    [[nodiscard]] Object constant() const;
    [[nodiscard]] ConstantText constant_text() const;
    [[nodiscard]] std::int64_t uptime() const;
    /// Returns the other built-in fields.
    [[nodiscard]] Object varying() const;
    [[nodiscard]] Object built_in() const;
    /// Adds the fields `checks`, `busy`, `runs`, `queue` and `timers`, each if it has something to show.
    void add_work(Object& fields) const;
    /// Removes the fields of policies that have the name of a metric.
    void remove_metrics(Object& fields) const;
    /// Appends the fields of the status as JSON, without the closing brace. \pre the mutex is locked
    void append_fields(std::string& out, std::int64_t up, ServiceState state, const Object& varying) const;
    /// Prints the built-in fields again if one of them has changed. \pre the mutex is locked
    void print_fields(Object&& varying) const;

    const EventHooks& program_;
    const EventTable& events_;
    EventRunner& runner_;
    const EventQueue& queue_;
    const Runs& runs_;
    const Timers& timers_;
    const Instance& instance_;
    const LifeState& state_;
    const PolicyReferences& policies_;
    const Candidacy& candidacy_;
    const Metrics& metrics_;
    const HealthChecks& health_checks_;
    const os::Clock& clock_;
    Logger& log_;
    bool default_ran_ = false;                              // for the event thread
    std::chrono::steady_clock::duration last_took_{};       // for the event thread
    std::chrono::steady_clock::time_point next_refresh_{};  // for the event thread
    std::set<std::string, std::less<>> warned_of_;          // for the event thread
    std::atomic<bool> may_have_own_{true};
    mutable std::mutex mutex_;
    mutable ConstantText constant_text_;  ///< of the last status
    mutable bool is_text_final_ = false;  ///< since the service runs
    mutable Printed printed_;             ///< of the last status
    Object kept_;
    std::chrono::system_clock::time_point as_of_;
};

}  // namespace servicekit
