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

/// A whole machine in memory, in virtual time, which moves only when the test says so or when everything is idle.
/// All that were given its host() share files, locks, sockets and time. Outlives them all.
///
/// At first there are the directories /etc, /run, /tmp and /var/log, and the process is root's.
///
/// A service can live on the thread of the test, which then does what it does at moments at which the service is idle:
/// \code
/// FakeOs os;
/// MyService service{options, hooks, os.host()};
/// os.when_idle([&] { client.send(R"(["status"])"); });
/// os.when_idle([&] { EXPECT_THAT(client.receive(), HasSubstr("running")); os.signals.raise(SIGTERM); });
/// EXPECT_EQ(service.run(), 0);
/// \endcode
/// Or it is a process of its own, of which several can live at a time (FakeLife makes this short):
/// \code
/// const pid_t pid = os.spawn([&] { return MyService{options, hooks, os.host()}.start(); });
/// os.settle();
/// os.raise(pid, SIGTERM);
/// EXPECT_EQ(os.wait_for(pid).status, 0);
/// \endcode
/// Such processes go on one at a time, while the test waits, in the same order in each run. Each has signals, streams,
/// a user and descriptors of its own. fork(2) works in them: both sides live on. Since the child's memory can't be
/// copied, its program is run once more from its beginning, unseen, up to that fork; so the program has to make all its
/// objects itself, and to do the same again. Once killed, it does nothing to the machine any more, but its thread goes
/// on to the next place where it waits.
class FakeOs {
public:
    FakeOs();
    ~FakeOs();
    FakeOs(const FakeOs&) = delete;
    FakeOs& operator=(const FakeOs&) = delete;

    [[nodiscard]] os::Host host();

    /// As FakeReactor::when_idle().
    void when_idle(std::function<void()> step) { reactor.when_idle(std::move(step)); }
    /// Who the process is from now on, for all fakes that ask.
    void act_as(const Peer& caller);
    /// What the kernel does when a process ends, however it did: its locks are free and its sockets closed.
    /// Their objects may live on, and do no harm.
    void process_died(pid_t pid);

    // Processes.

    /// As main(): \returns the exit code.
    using Program = std::function<int()>;
    /// How a process ended.
    struct End {
        int status = 0;              ///< what it was left with, 128 + signal where one ended it
        int signal = 0;              ///< what killed it, if so
        std::string exception = {};  ///< what escaped its main(), if anything
        /// Locks and ends of pipes that it still had when main() returned.
        std::size_t left_to_kernel = 0;
        friend bool operator==(const End&, const End&) = default;
    };

    /// Starts a program, as `user`'s. It begins once the test waits.
    /// \returns its pid
    pid_t spawn(Program program, uid_t user = 0);
    /// SIGKILL.
    void kill(pid_t pid);
    /// A signal, as from `sender`. Does nothing to one that has ended.
    void raise(pid_t pid, int signal_number, Peer sender = {});
    [[nodiscard]] bool runs(pid_t pid) const;
    /// \returns nothing while it runs. \throws std::out_of_range for one that never was
    [[nodiscard]] const std::optional<End>& end_of(pid_t pid) const;
    /// Those that run, the oldest first.
    [[nodiscard]] std::vector<pid_t> running() const;
    /// Every process ever, the oldest first.
    [[nodiscard]] std::vector<pid_t> processes_ever() const;

    /// Whose task it is. \throws std::out_of_range for none of these
    [[nodiscard]] pid_t pid_of(FakeTask::Id task) const;
    /// Whether a process is this one, or was forked by it or its children.
    [[nodiscard]] bool is_family(pid_t ancestor, pid_t pid) const;

    /// Lets everybody do what is due now. No time passes.
    void settle() { reactor.run_ready(); }
    /// Lets this time pass, and what is due in it happen.
    void advance(std::chrono::milliseconds time) { reactor.advance(time); }
    /// Lets time pass until it has ended.
    /// \throws std::runtime_error where it runs still then
    const End& wait_for(pid_t pid, std::chrono::milliseconds at_most = std::chrono::hours{1});
    /// Lets time pass until the condition holds. \returns false where the time was up first
    bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds at_most = std::chrono::hours{1});

    /// Descriptors of all processes that are open: files, sockets, connections and ends of pipes.
    [[nodiscard]] std::size_t open_descriptors() const;

    FakeFaults faults;  ///< counts every operation, and fails any
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
    /// The nearest ancestor that adopts its children; 0: nobody here does.
    [[nodiscard]] pid_t adopter_above(const Running& ended) const;
    [[nodiscard]] Running* current() const;
    [[nodiscard]] std::optional<int> judge(std::string_view operation);

    std::map<pid_t, std::unique_ptr<Running>> all_;
    std::map<FakeTask::Id, Running*> by_task_;
    pid_t last_pid_ = 5000;
};

}  // namespace servicekit::mocks
