#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/client_load.hpp"
#include "core/event_runner.hpp"
#include "core/instance.hpp"
#include "core/layered_settings.hpp"
#include "core/own_config.hpp"
#include "core/service_log.hpp"
#include "core/settings_in_force.hpp"
#include "core/time_limits.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/event_table.hpp"
#include "servicekit/core/reply.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/policy/policy_references.hpp"

namespace servicekit {

/// Loads the settings, and loads them again. For the event thread, except for report().
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

    /// Returns the settings in force. While a load or reload runs, returns the settings that are being loaded.
    [[nodiscard]] const LayeredSettings& settings() const noexcept {
        return pending_ != nullptr ? *pending_ : in_force_;
    }
    [[nodiscard]] LayeredSettings* in_making() noexcept { return pending_; }
    /// Returns the program's own configuration.
    [[nodiscard]] OwnConfig& own() noexcept { return own_; }
    [[nodiscard]] const OwnConfig& own() const noexcept { return own_; }
    /// Returns the settings that main() and the command line fill before the first load.
    [[nodiscard]] LayeredSettings& to_fill() noexcept { return in_force_; }

    /// Reads the config file. \returns ExitCode::configuration with the reason if the file is wrong
    Result<void> read();
    /// Reads the config file and runs the load event. \returns ExitCode::configuration with the reason if that fails
    Result<void> load();
    /// Does the same for a verb that talks to a running service. Keeps what the load event has set before it failed.
    [[nodiscard]] ClientLoad load_as_client();
    enum class Again { load, reload };
    /// Loads again, into a copy that takes effect on success.
    /// \returns what was applied and what needs a restart
    /// \throws what the handler throws
    Reply load_again(Again what);
    /// Updates report() to the settings in force. \pre the policies are configured for these paths
    void publish();
    /// Returns the reply of the event `settings`: what the service runs with. Changes that wait for the next start are
    /// not in it. Can be called from any thread.
    [[nodiscard]] Object report() const;
    [[nodiscard]] bool is_loading() const noexcept { return pending_ != nullptr; }
    /// Returns true while load_again() runs.
    [[nodiscard]] bool loads_again() const noexcept { return loads_again_; }
    /// Runs the load event's own part, on the settings that are being loaded: the declared handler, or on_load().
    /// \pre a load or reload runs
    Reply run_on_load();

private:
    class Pending;
    void run_load_event(LayeredSettings& settings);
    /// Returns the value of `app` that is in use: keys that need a restart have the values of this start.
    [[nodiscard]] Value app_in_use(const LayeredSettings& settings) const;
    /// \throws ConfigurationError if a key of the program's own is invalid
    void check_own(const LayeredSettings& settings) const;
    /// Makes the program's struct from the values. \pre check_own() \throws ConfigurationError
    void begin_own(const LayeredSettings& settings, const Value& app);
    /// The changed keys, as JSON pointers.
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
    LayeredSettings at_start_;  // the settings of the start, some of which cannot change later
    std::string config_path_;
    bool is_first_ = true;                // nothing was published since the load
    mutable std::mutex published_mutex_;  // guards what follows
    std::vector<SettingInForce> published_;
    Value published_app_;  // null if there is none
};

}  // namespace servicekit
