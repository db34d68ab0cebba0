#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "core/client_load.hpp"
#include "core/event_runner.hpp"
#include "core/instance.hpp"
#include "core/layered_settings.hpp"
#include "core/own_config.hpp"
#include "core/service_log.hpp"
#include "core/time_limits.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/reply.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// Loads the settings, and loads them again.
/// For the event thread; what other threads need of the settings they get elsewhere.
class Configuration {
public:
    /// \param program has on_load() and on_reload()
    Configuration(const EventHooks& program, const EventTable& events, EventRunner& runner, const Instance& instance,
                  PolicyReferences& policies, ServiceLog& service_log, TimeLimits& limits, const os::Host& host)
        : program_{program},
          events_{events},
          runner_{runner},
          instance_{instance},
          policies_{policies},
          service_log_{service_log},
          limits_{limits},
          host_{host} {}

    /// The settings in force; while a load or reload runs, the ones that it is making.
    [[nodiscard]] const LayeredSettings& settings() const noexcept {
        return pending_ != nullptr ? *pending_ : in_force_;
    }
    [[nodiscard]] LayeredSettings* in_making() noexcept { return pending_; }
    /// The program's own configuration.
    [[nodiscard]] OwnConfig& own() noexcept { return own_; }
    [[nodiscard]] const OwnConfig& own() const noexcept { return own_; }
    /// For what main() and the command line say, before the first load.
    [[nodiscard]] LayeredSettings& to_fill() noexcept { return in_force_; }

    /// Reads the config file. \returns ExitCode::configuration with what is wrong with it
    Result<void> read();
    /// The same, and runs the load event. \returns ExitCode::configuration with what went wrong
    Result<void> load();
    /// The same for a verb that talks to a running service: what the load event has set before it failed is kept.
    [[nodiscard]] ClientLoad load_as_client();
    enum class Again { load, reload };
    /// The same again, in a copy that takes effect when it succeeded.
    /// \returns what was applied and what needs a restart. Throws what the handler throws.
    Reply load_again(Again what);
    /// Has report() say what the service runs with from here on. \pre the policies are configured, for these places
    void publish();
    /// The reply of the event `settings`: what the service runs with, though a reload may have read something else that
    /// waits for the next start. From any thread.
    [[nodiscard]] Object report() const;
    [[nodiscard]] bool is_loading() const noexcept { return pending_ != nullptr; }
    /// Whether load_again() runs.
    [[nodiscard]] bool loads_again() const noexcept { return loads_again_; }
    /// The load event's own part, on the settings in the making: the handler that was declared, or on_load().
    /// \pre a load or reload runs
    Reply run_on_load();

private:
    class Pending;
    void run_load_event(LayeredSettings& settings);
    /// What stands under `app`, with what the program can't take up before its next start as it was at this one.
    [[nodiscard]] Value app_in_use(const LayeredSettings& settings) const;
    /// \throws ConfigurationError for keys of the program's own that can't be
    void check_own(const LayeredSettings& settings) const;
    /// Makes the struct of the values. \pre check_own() \throws ConfigurationError
    void begin_own(const LayeredSettings& settings, const Value& app);
    /// The keys that are other ones, by their pointers.
    struct ChangedKeys {
        Value::List applied;
        Value::List needs_restart;
    };
    [[nodiscard]] ChangedKeys changed_app_keys(const LayeredSettings& next) const;
    void read_config_file(LayeredSettings& settings);
    [[nodiscard]] Reply put_in_force(LayeredSettings next);

    const EventHooks& program_;
    const EventTable& events_;
    EventRunner& runner_;
    const Instance& instance_;
    PolicyReferences& policies_;
    ServiceLog& service_log_;
    TimeLimits& limits_;
    const os::Host& host_;
    LayeredSettings in_force_;
    LayeredSettings* pending_ = nullptr;
    bool loads_again_ = false;
    OwnConfig own_;
    LayeredSettings at_start_;  // what can't change later is as it was then
    std::string config_path_;
    mutable std::mutex report_mutex_;  // guards what follows
    Object report_;
};

}  // namespace servicekit
