#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <utility>

#include "servicekit/mocks/fake_children.hpp"
#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_confinement.hpp"
#include "servicekit/mocks/fake_environment.hpp"
#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_file_locks.hpp"
#include "servicekit/mocks/fake_files.hpp"
#include "servicekit/mocks/fake_inherited_descriptors.hpp"
#include "servicekit/mocks/fake_local_sockets.hpp"
#include "servicekit/mocks/fake_parking.hpp"
#include "servicekit/mocks/fake_pipes.hpp"
#include "servicekit/mocks/fake_process.hpp"
#include "servicekit/mocks/fake_process_table.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/mocks/fake_service_manager.hpp"
#include "servicekit/mocks/fake_signals.hpp"
#include "servicekit/mocks/fake_standard_streams.hpp"
#include "servicekit/mocks/fake_users.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::mocks {

/// A whole machine in memory, on which services live on the thread of the test, in virtual time.
/// All that were given its host() share files, locks, sockets and time; two in one process also share the signals,
/// as for real. Policies are given the fakes one by one. Outlives them all.
///
/// At first there are the folders /etc, /run, /tmp and /var/log, and the process is root's.
/// \code
/// FakeHost host;
/// MyService service{options, host.host()};  // with policies that use host.files, host.sockets...
/// host.when_idle([&] { client.send(R"(["status"])"); });
/// host.when_idle([&] { EXPECT_THAT(client.receive(), HasSubstr("running")); host.signals.raise(SIGTERM); });
/// EXPECT_EQ(service.run(), 0);
/// \endcode
class FakeHost {
public:
    FakeHost();
    ~FakeHost() = default;
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    [[nodiscard]] os::Host host();

    /// As FakeReactor::when_idle().
    void when_idle(std::function<void()> step) { reactor.when_idle(std::move(step)); }
    /// Who the process is from now on, for all fakes that ask.
    void act_as(const Peer& caller);
    /// What the kernel does when a process ends, however it did: its locks are free and its sockets closed.
    /// Their objects may live on, and do no harm.
    void process_died(pid_t pid);

    FakeClock clock;
    FakeReactor reactor{clock};
    FakeConfinement confinement;
    FakeEnvironment environment;
    FakeFiles files;
    FakeProcess process;
    FakeProcessTable processes{reactor};
    FakeFileLocks locks{files, process};
    FakePipes pipes{clock};
    FakeServiceManager service_manager;
    FakeChildren children{clock};
    FakeInheritedDescriptors inherited;
    FakeSignals signals;
    FakeStandardStreams streams;
    FakeUsers users;
    FakeLocalSockets sockets{reactor, files, process};
};

}  // namespace servicekit::mocks
