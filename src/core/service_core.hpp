#pragma once

#include <memory>

#include "core/activity.hpp"
#include "core/built_in_replies.hpp"
#include "core/candidacy.hpp"
#include "core/client_load.hpp"
#include "core/configuration.hpp"
#include "core/control_plane.hpp"
#include "core/event_thread.hpp"
#include "core/health_checks.hpp"
#include "core/heartbeat.hpp"
#include "core/metrics_file.hpp"
#include "core/metrics_report.hpp"
#include "core/privileges.hpp"
#include "core/program_requests.hpp"
#include "core/waits.hpp"
#include "servicekit/core/service_base.hpp"

namespace servicekit {

/// Makes the parts of one service and gives each part what it needs. A part depends only on parts above it. Components
/// and the command line get the parts that they may use from its functions.
class ServiceCore {
public:
    ServiceCore(ServiceBase& service, ServiceOptions options, EventHooks hooks,
                std::unique_ptr<PolicyReferences> policies, os::Host host);
    ~ServiceCore();

    [[nodiscard]] static ServiceCore& of(ServiceBase& service) noexcept { return *service.core_; }

    /// Returns true if the program is linked with the component lisp, so that its services may have a Lisp. Set before
    /// main() begins.
    [[nodiscard]] static bool may_have_lisp() noexcept;
    static bool note_lisp() noexcept;

    [[nodiscard]] const ServiceOptions& options() const noexcept { return instance_.options; }
    /// Replaces the options of the constructor. Call before the load.
    void set_options(ServiceOptions options);
    [[nodiscard]] PolicyReferences& policies() noexcept { return *policies_; }
    [[nodiscard]] Configuration& configuration() noexcept { return configuration_; }
    [[nodiscard]] const EventTable& events() const noexcept { return events_; }
    [[nodiscard]] ControlPlane& control_plane() noexcept { return control_plane_; }
    [[nodiscard]] const LifeState& state() const noexcept { return state_; }
    [[nodiscard]] ErrorOutput& error_output() noexcept { return error_output_; }
    /// Returns true if ServiceBase::load_in_service() was called.
    [[nodiscard]] bool loads_in_service() const noexcept { return loads_in_service_; }

    /// Reads the config file, then runs the load event on the settings, for verbs that start nothing. The state is
    /// `loading` during the call, as at a start.
    Result<void> load();
    /// Does the same for a verb that talks to a running service and continues with the settings that it can use.
    [[nodiscard]] ClientLoad load_as_client();

private:
    friend class Lifecycle;    // runs the parts
    friend class ServiceBase;  // exposes them to the application

    /// Adds the options to the settings' layer `program`.
    void apply_options();

    std::unique_ptr<PolicyReferences> policies_;
    os::Host host_;
    EventHooks hooks_;    ///< what ServiceBase calls by default
    EventHooks program_;  ///< calls the virtual functions of the service
    Instance instance_;
    LifeState state_;
    TimeLimits limits_;
    bool loads_in_service_ = false;

    LogRouter log_router_;
    Logger& log_;  ///< for lines without a channel
    ErrorOutput error_output_;
    std::unique_ptr<os::EventLoop> loop_;  ///< made after the last fork
    StreamRedirection streams_;
    ServiceLog service_log_;

    EventTable events_;
    std::unique_ptr<os::Parking> parking_;
    EventQueue queue_;
    Runs runs_;
    ServiceMetrics service_metrics_;
    std::shared_ptr<const Waits> waits_;
    RunnerSurroundings surroundings_;
    EventRunner runner_;
    Configuration configuration_;
    CrashWatch crash_watch_;
    Privileges privileges_;

    EventPool pool_;
    std::shared_ptr<Timers> timers_;
    RunRequests run_requests_;
    EndAskers end_askers_;
    Announcements announcements_;
    StopNote stop_note_;
    MetricsFile metrics_file_;
    ForcedExit forced_exit_;
    Shutdown shutdown_;

    Metrics metrics_;
    std::shared_ptr<HealthChecks> health_checks_;
    Health health_;
    Candidacy candidacy_;
    Activity activity_;
    MetricsReport metrics_report_;
    ServiceStatus status_;
    BuiltInReplies replies_;
    EventHandlers handlers_;
    ProgramRequests requests_;
    ControlPlane control_plane_;
    Heartbeat heartbeat_;
    EventThread event_thread_;
};

}  // namespace servicekit
