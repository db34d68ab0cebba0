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

/// A service on the fakes. A class of yours has the constructor for it after `using servicekit::Service::Service;`
/// (or the like with the alias that it derives from).
template <class Service>
[[nodiscard]] std::unique_ptr<Service> fake_service(FakeOs& os, ServiceOptions options, EventHooks hooks = {}) {
    static_assert(std::is_constructible_v<Service, ServiceOptions, EventHooks, const os::Host&>,
                  "fake_service() needs the constructors of the service's base: say "
                  "'using servicekit::Service::Service;' in the class");
    return std::make_unique<Service>(std::move(options), std::move(hooks), os.host());
}

/// A service program on a FakeOs, as its operator has it: start it, ask it, signal it, end it, start it once more.
/// Each start is a process of its own, or three of them where the service goes to the background.
/// \code
/// FakeOs os;
/// FakeLife life{os, [&] { return fake_service<MyService>(os, {.name = "mine", .daemonize = false}); }};
/// ASSERT_TRUE(life.start());
/// EXPECT_THAT(life.ask(R"(["status"])"), HasSubstr("running"));
/// EXPECT_EQ(life.stop(), 0);
/// \endcode
/// Only what was asked for happens: no time passes but within a call that waits for something.
/// The os outlives it.
class FakeLife {
public:
    /// \param make makes the service, in its own process: anew at each start, and after each fork.
    using Maker = std::function<std::unique_ptr<ServiceBase>()>;
    FakeLife(FakeOs& os, Maker make) : os_{&os}, make_{std::move(make)} {}
    /// Kills what runs still.
    ~FakeLife();
    FakeLife(const FakeLife&) = delete;
    FakeLife& operator=(const FakeLife&) = delete;

    /// Who starts it; root unless set.
    void start_as(uid_t user) noexcept { user_ = user; }
    /// Starts it, and waits until it is ready or has failed. \returns whether it runs
    bool start();
    /// Only begins to: it goes on when the test waits for something. \returns the pid of the process that the user
    /// started
    pid_t begin_to_start();

    [[nodiscard]] bool runs() const { return service() != nullptr; }
    /// The process that is the service; that of the last one where none runs, 0 where none ever did.
    [[nodiscard]] pid_t pid() const;
    /// The object in it; null where none runs. It may be looked at: nobody uses it while the test does not wait.
    [[nodiscard]] ServiceBase* service() const;
    /// How the process ended that the user started; nothing while it runs, which in the foreground is the service.
    [[nodiscard]] std::optional<FakeOs::End> start_result() const;
    /// How the service itself ended, the one that ran last; as start_result() where none ever ran.
    [[nodiscard]] std::optional<FakeOs::End> result() const;

    /// A connection to its control socket. \throws std::runtime_error where there is none
    FakeClient connect(const Peer& peer = {.pid = 50, .uid = 0, .gid = 0});
    /// Sends a request and waits for its answer, without the newline.
    std::string ask(std::string_view request, const Peer& peer = {.pid = 50, .uid = 0, .gid = 0});
    /// Sends it a signal, and lets it do what follows at once.
    void raise(int signal_number);
    /// SIGTERM. \returns the exit code
    int stop();
    /// Waits for the end. \returns the exit code
    int wait();
    /// SIGKILL.
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
