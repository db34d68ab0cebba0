#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "servicekit/base/peer.hpp"
#include "servicekit/core/service_base.hpp"
#include "servicekit/core/service_options.hpp"
#include "servicekit/mocks/fake_client.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies.hpp"

namespace servicekit::mocks {

/// Makes a service on the fakes. Your class gets the required constructor from `using servicekit::Service::Service;`
/// (or the same with the alias that it derives from).
template <class Service>
[[nodiscard]] std::unique_ptr<Service> fake_service(FakeOs& os, ServiceOptions options, EventHooks hooks = {}) {
    static_assert(
        std::is_constructible_v<Service, ServiceOptions, EventHooks, const os::Host&>,
        "fake_service() needs the constructors of the service's base: write 'using Configured::Configured;' or "
        "'using servicekit::Service::Service;' in the class");
    return std::make_unique<Service>(std::move(options), std::move(hooks), os.host());
}

/// A service program on a FakeOs, as its operator uses it: start it, make requests, signal it, end it, and start it
/// again. Each start is a process of its own, or three if the service goes to the background.
/// \code
/// FakeOs os;
/// FakeLife life{os, [&] { return fake_service<MyService>(os, {.name = "mine", .daemonize = false}); }};
/// ASSERT_TRUE(life.start());
/// EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr("running"));
/// EXPECT_EQ(life.stop(), 0);
/// \endcode
/// Nothing happens unless a test asks for it: time passes only within a call that waits. The os must outlive this
/// object.
class FakeLife {
public:
    /// \param make makes the service in its own process, once for each start and after each fork
    using Maker = std::function<std::unique_ptr<ServiceBase>()>;
    FakeLife(FakeOs& os, Maker make) : os_{&os}, make_{std::move(make)} {}
    /// Kills the processes that are still running.
    ~FakeLife();
    FakeLife(const FakeLife&) = delete;
    FakeLife& operator=(const FakeLife&) = delete;

    /// Sets the user who starts it; root by default.
    void start_as(uid_t user) noexcept { user_ = user; }
    /// Starts it, and waits until it is ready, stands by or has failed. In the background, a service that is not ready
    /// while it stands by makes this wait. \returns true if it is running
    bool start();
    /// Only begins the start, which continues when the test waits for something. \returns the pid of the process that
    /// the user started
    pid_t begin_to_start();

    [[nodiscard]] bool runs() const { return service() != nullptr; }
    /// Returns the pid of the service; that of the last one if none is running, 0 if there was none.
    [[nodiscard]] pid_t pid() const;
    /// Returns its object; null if none is running. The test may inspect it: the service runs only while the test
    /// waits.
    [[nodiscard]] ServiceBase* service() const;
    /// Returns how the process ended that the user started; nothing while it runs. In the foreground it is the service.
    [[nodiscard]] std::optional<FakeOs::End> start_result() const;
    /// Returns how the last service ended; the same as start_result() if there was none.
    [[nodiscard]] std::optional<FakeOs::End> result() const;

    /// Connects to its control socket. \throws std::runtime_error if there is none
    FakeClient connect(const Peer& peer = {.pid = 50, .uid = 0, .gid = 0});
    /// Sends a request and waits for its reply. Returns it without the newline.
    std::string ask(std::string_view request, const Peer& peer = {.pid = 50, .uid = 0, .gid = 0});
    /// Sends it a signal, and lets it handle the signal.
    void raise(int signal_number);
    /// Sends SIGTERM and waits for the end. \returns the exit code
    int stop();
    /// Waits for the end. \returns the exit code
    int wait();
    /// Sends SIGKILL.
    void crash();

private:
    struct Living {
        pid_t pid;
        ServiceBase* service;
    };
    int live();
    [[nodiscard]] std::optional<Living> living() const;

    FakeOs* os_;
    Maker make_;
    uid_t user_ = 0;
    pid_t starter_ = 0;
    mutable pid_t last_ = 0;
    std::map<FakeTask::Id, ServiceBase*> services_;
};

}  // namespace servicekit::mocks
