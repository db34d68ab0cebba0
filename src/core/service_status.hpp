#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "core/event_queue.hpp"
#include "core/event_runner.hpp"
#include "core/instance.hpp"
#include "core/life_state.hpp"
#include "core/runs.hpp"
#include "core/timers.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/core/published_values.hpp"
#include "servicekit/core/reply.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// The reply of the event `status`: the built-in fields, the published values, and the application's own fields. The last
/// are what on_status() sets. They are kept for the time in which a handler keeps on_status() from running.
class ServiceStatus {
public:
    /// \param program has on_status()
    ServiceStatus(const EventHooks& program, const EventTable& events, EventRunner& runner, const EventQueue& queue,
                  const Runs& runs, const Timers& timers, const Instance& instance, const LifeState& state,
                  const PolicyReferences& policies, const PublishedValues& values, const os::Clock& clock, Logger& log)
        : program_{program},
          events_{events},
          runner_{runner},
          queue_{queue},
          runs_{runs},
          timers_{timers},
          instance_{instance},
          state_{state},
          policies_{policies},
          values_{values},
          clock_{clock},
          log_{log} {}

    // From the event thread.
    /// Runs on_status(). \returns the own fields. Fields of others that it sets are left out, with a warning for each.
    Reply ask();
    /// Runs on_status() before the service is ready if there are published values. So a service that has nothing else to
    /// show never changes threads for its status.
    void ask_before_ready();
    /// What ServiceBase::on_status() is where nobody has overridden it.
    void note_default() noexcept { default_ran_ = true; }
    /// Asks again before another event begins if what is kept is older than a second, but not a service that took long to
    /// answer the last time.
    void refresh_before(std::string_view event);
    void keep(const Object& own);

    // From any thread.
    /// False once the default was seen to run.
    [[nodiscard]] bool may_have_own() const noexcept { return may_have_own_.load(std::memory_order_relaxed); }
    /// Whether a field is there without the application.
    [[nodiscard]] bool is_built_in(std::string_view field) const;
    /// \returns the built-in fields, the published values and these
    [[nodiscard]] Object with(const Object& own) const;
    /// \returns the built-in fields, the published values and what was kept, and as of when that is
    [[nodiscard]] Object last_known() const;

private:
    [[nodiscard]] Object built_in() const;
    /// The fields `busy`, `runs`, `queue` and `timers`, each if there is something to tell.
    void add_work(Object& fields) const;
    [[nodiscard]] Object without_own() const;

    const EventHooks& program_;
    const EventTable& events_;
    EventRunner& runner_;
    const EventQueue& queue_;
    const Runs& runs_;
    const Timers& timers_;
    const Instance& instance_;
    const LifeState& state_;
    const PolicyReferences& policies_;
    const PublishedValues& values_;
    const os::Clock& clock_;
    Logger& log_;
    bool default_ran_ = false;                              // the event thread's own
    std::chrono::steady_clock::duration last_took_{};       // the same
    std::chrono::steady_clock::time_point next_refresh_{};  // the same
    std::set<std::string, std::less<>> warned_of_;          // the same
    std::atomic<bool> may_have_own_{true};
    mutable std::mutex mutex_;
    Object kept_;
    std::chrono::system_clock::time_point as_of_;
};

}  // namespace servicekit
