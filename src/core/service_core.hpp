#pragma once

#include <memory>

#include "core/built_in_replies.hpp"
#include "core/client_load.hpp"
#include "core/configuration.hpp"
#include "core/control_plane.hpp"
#include "core/event_thread.hpp"
#include "core/heartbeat.hpp"
#include "core/privileges.hpp"
#include "core/program_requests.hpp"
#include "core/waits.hpp"
#include "servicekit/core/service_base.hpp"

namespace servicekit {

/// Makes the parts of one service and gives each what it needs. Each part depends on parts above it only.
/// Components and the command line reach the parts that they may use by its functions.
class ServiceCore {
public:
    ServiceCore(ServiceBase& service, ServiceOptions options, EventHooks hooks,
                std::unique_ptr<PolicyReferences> policies, os::Host host);
    ~ServiceCore();

    [[nodiscard]] static ServiceCore& of(ServiceBase& service) noexcept { return *service.core_; }

    /// Whether the program has the component lisp in it, so that a service of its may have a Lisp. It is so from before
    /// main() on.
    [[nodiscard]] static bool may_have_lisp() noexcept;
    static bool note_lisp() noexcept;

    [[nodiscard]] const ServiceOptions& options() const noexcept { return instance_.options; }
    /// Replaces what the constructor was given. Before the load.
    void set_options(ServiceOptions options);
    [[nodiscard]] PolicyReferences& policies() noexcept { return *policies_; }
    [[nodiscard]] Configuration& configuration() noexcept { return configuration_; }
    [[nodiscard]] const EventTable& events() const noexcept { return events_; }
    [[nodiscard]] ControlPlane& control_plane() noexcept { return control_plane_; }
    [[nodiscard]] ErrorOutput& error_output() noexcept { return error_output_; }
    /// Whether ServiceBase::load_in_service() was called.
    [[nodiscard]] bool loads_in_service() const noexcept { return loads_in_service_; }

    /// For the verbs that start nothing: reads the config file, then runs the load event on the settings. The state is
    /// `loading` meanwhile, as at a start.
    Result<void> load();
    /// The same for a verb that talks to a running service, which goes on with what it can use.
    [[nodiscard]] ClientLoad load_as_client();

private:
    friend class Lifecycle;    // conducts the parts
    friend class ServiceBase;  // is their face to the application

    /// Takes the options into the settings' layer `program`.
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
    Logger& log_;  ///< for lines of no channel
    ErrorOutput error_output_;
    StreamRedirection streams_;
    ServiceLog service_log_;

    EventTable events_;
    std::unique_ptr<os::Parking> parking_;
    EventQueue queue_;
    Runs runs_;
    std::shared_ptr<const Waits> waits_;
    RunnerSurroundings surroundings_;
    EventRunner runner_;
    Configuration configuration_;
    CrashWatch crash_watch_;
    Privileges privileges_;

    std::unique_ptr<os::EventLoop> loop_;  ///< made after the last fork
    EventPool pool_;
    std::shared_ptr<Timers> timers_;
    Cancellation cancellation_;
    EndAskers end_askers_;
    Announcements announcements_;
    ForcedExit forced_exit_;
    Shutdown shutdown_;

    PublishedValues values_;
    ServiceStatus status_;
    BuiltInReplies replies_;
    EventHandlers handlers_;
    ProgramRequests requests_;
    ControlPlane control_plane_;
    Heartbeat heartbeat_;
    EventThread event_thread_;
};

}  // namespace servicekit
