#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_boost_log.hpp"
#include "servicekit/mocks/fake_children.hpp"
#include "servicekit/mocks/fake_clock.hpp"
#include "servicekit/mocks/fake_confinement.hpp"
#include "servicekit/mocks/fake_crash_reporter.hpp"
#include "servicekit/mocks/fake_environment.hpp"
#include "servicekit/mocks/fake_event_loop.hpp"
#include "servicekit/mocks/fake_faults.hpp"
#include "servicekit/mocks/fake_file_locks.hpp"
#include "servicekit/mocks/fake_files.hpp"
#include "servicekit/mocks/fake_inherited_descriptors.hpp"
#include "servicekit/mocks/fake_kill_timers.hpp"
#include "servicekit/mocks/fake_line_reader.hpp"
#include "servicekit/mocks/fake_local_sockets.hpp"
#include "servicekit/mocks/fake_message_sockets.hpp"
#include "servicekit/mocks/fake_parking.hpp"
#include "servicekit/mocks/fake_pipes.hpp"
#include "servicekit/mocks/fake_process.hpp"
#include "servicekit/mocks/fake_process_table.hpp"
#include "servicekit/mocks/fake_programs.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/mocks/fake_service_manager.hpp"
#include "servicekit/mocks/fake_signals.hpp"
#include "servicekit/mocks/fake_standard_streams.hpp"
#include "servicekit/mocks/fake_stream_capture.hpp"
#include "servicekit/mocks/fake_threads.hpp"
#include "servicekit/mocks/fake_users.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::mocks {

/// A whole machine in memory, in virtual time. Time moves only when the test moves it or when everything is idle. All
/// objects that use its host() share files, locks, sockets and time. It must outlive them.
///
/// At first there are the directories /etc, /run, /tmp and /var/log, and the process runs as root.
///
/// A service can run on the thread of the test. The test then acts at moments at which the service is idle:
/// \code
/// FakeOs os;
/// MyService service{options, hooks, os.host()};
/// os.when_idle([&] { client.send(R"(["status"])"); });
/// os.when_idle([&] { EXPECT_THAT(client.receive(), HasSubstr("running")); os.signals.raise(SIGTERM); });
/// EXPECT_EQ(service.run(), 0);
/// \endcode
/// Or it is a process of its own; several can exist at a time (FakeLife makes this short):
/// \code
/// const pid_t pid = os.spawn([&] { return MyService{options, hooks, os.host()}.start(); });
/// os.settle();
/// os.raise(pid, SIGTERM);
/// EXPECT_EQ(os.wait_for(pid).status, 0);
/// \endcode
/// Such processes run one at a time, while the test waits, in the same order in each run. Each has its own signals,
/// streams, user and descriptors. fork(2) works in them: both sides continue. The child's memory cannot be copied, so
/// its program is run again from the beginning, without visible effects, up to that fork. The program therefore has to
/// create all its objects itself, and to repeat the same operations. A killed process has no more effect on the
/// machine, but its thread continues up to its next wait.
class FakeOs {
public:
    FakeOs();
    ~FakeOs();
    FakeOs(const FakeOs&) = delete;
    FakeOs& operator=(const FakeOs&) = delete;

    [[nodiscard]] os::Host host();

    /// See FakeReactor::when_idle().
    void when_idle(std::function<void()> step) { reactor.when_idle(std::move(step)); }
    /// Sets the identity of the process, for all fakes that need it.
    void act_as(const Peer& caller);
    /// Releases the locks and closes the sockets of a process that has ended, like the kernel. Its objects may continue
    /// to exist; they have no effect.
    void process_died(pid_t pid);

    // Processes.

    /// Like main(): \returns the exit code.
    using Program = std::function<int()>;
    /// How a process ended.
    struct End {
        int status = 0;              ///< its exit status; 128 + signal if a signal ended it
        int signal = 0;              ///< the signal that killed it, if any
        std::string exception = {};  ///< the exception that left its main(), if any
        /// Locks and ends of pipes that were still open when main() returned.
        std::size_t left_to_kernel = 0;
        friend bool operator==(const End&, const End&) = default;
    };

    /// Starts a program as `user`. It begins when the test waits.
    /// \returns its pid
    pid_t spawn(Program program, uid_t user = 0);
    /// Sends SIGKILL.
    void kill(pid_t pid);
    /// Sends a signal as `sender`. Does nothing if the process has ended.
    void raise(pid_t pid, int signal_number, Peer sender = {});
    [[nodiscard]] bool runs(pid_t pid) const;
    /// \returns nothing while it runs. \throws std::out_of_range for an unknown pid
    [[nodiscard]] const std::optional<End>& end_of(pid_t pid) const;
    /// Returns the running processes, the oldest first.
    [[nodiscard]] std::vector<pid_t> running() const;
    /// Returns all processes there ever were, the oldest first.
    [[nodiscard]] std::vector<pid_t> processes_ever() const;

    /// Returns the process of a task. \throws std::out_of_range if it has none
    [[nodiscard]] pid_t pid_of(FakeTask::Id task) const;
    /// Returns true if `pid` is `ancestor` or a descendant of it.
    [[nodiscard]] bool is_family(pid_t ancestor, pid_t pid) const;

    /// Lets all processes do what is due now. No time passes.
    void settle() { reactor.run_ready(); }
    /// Lets this time pass, with everything that becomes due.
    void advance(std::chrono::milliseconds time) { reactor.advance(time); }
    /// Lets time pass until the process has ended.
    /// \throws std::runtime_error if it is still running after `at_most`
    const End& wait_for(pid_t pid, std::chrono::milliseconds at_most = std::chrono::hours{1});
    /// Lets time pass until the condition holds. \returns false if the time was over first
    bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds at_most = std::chrono::hours{1});

    /// Returns the number of open descriptors of all processes: files, sockets, connections and ends of pipes.
    [[nodiscard]] std::size_t open_descriptors() const;

    FakeFaults faults;  ///< counts every operation, and can make it fail
    FakeBoostLog boost_log;
    FakeClock clock;
    FakeReactor reactor{clock};
    FakeConfinement confinement;
    FakeEnvironment environment;
    FakeFiles files;
    FakeProcess process;
    FakeCrashReporter crashes{files, &process};
    FakeProcessTable processes{reactor};
    FakeFileLocks locks{files, process};
    FakePipes pipes{clock};
    FakeServiceManager service_manager;
    FakeChildren children{clock};
    FakeInheritedDescriptors inherited;
    FakeKillTimers kill_timers;
    FakeLineReaders line_readers;
    FakeSignals signals;
    FakeStandardStreams streams;
    FakeStreamCaptures captures;
    FakeUsers users;
    FakeLocalSockets sockets{reactor, files, process};
    FakeMessageSockets message_sockets;
    FakePrograms programs{reactor};
    FakeThreads threads{reactor};

private:
    struct Running;

    Running& add(Program program, pid_t parent, pid_t first_id, uid_t user);
    void live(Running& self);
    void end(Running& self, End how);
    pid_t fork();
    Result<int> wait_for_child(pid_t child);
    /// Returns the nearest ancestor that adopts its children; 0: none.
    [[nodiscard]] pid_t adopter_above(const Running& ended) const;
    [[nodiscard]] Running* current() const;
    [[nodiscard]] std::optional<int> judge(std::string_view operation);

    std::map<pid_t, std::unique_ptr<Running>> all_;
    std::map<FakeTask::Id, Running*> by_task_;
    pid_t last_pid_ = 5000;
};

}  // namespace servicekit::mocks
