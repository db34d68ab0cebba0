#include "servicekit/mocks/fake_os.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace servicekit::mocks {

/// A process that spawn() or a fork made.
struct FakeOs::Running {
    /// An operation of the process, and its result.
    struct Lived {
        std::string operation;
        int errno_value;
    };
    /// The result of fork(), and the pid of the caller after it.
    struct Fork {
        pid_t result;
        pid_t id;
    };

    pid_t pid;
    pid_t parent;
    pid_t reaper;    ///< the process that can wait for it: the parent, or after its end the adopter; 0: none here
    pid_t first_id;  ///< of the process that spawn() made; the program begins with this pid
    uid_t user;
    Program program;
    FakeTask::Id task = 0;
    std::optional<End> end = {};
    bool is_reaped = false;
    bool adopts_orphans = false;

    // Both begin with the operations of an ancestor, which its child repeats.
    std::vector<Lived> lived = {};
    std::vector<Fork> forks = {};
    std::size_t lived_again = 0;
    std::size_t forked_again = 0;

    [[nodiscard]] bool lives_again() const { return forked_again < forks.size(); }
};

FakeOs::FakeOs() {
    for (const char* directory : {"/etc", "/run", "/var/log"}) files.add_directory(directory);
    files.add_directory("/tmp", 01777);
    users.on_become([this](uid_t uid, gid_t gid) { act_as({.pid = process.id(), .uid = uid, .gid = gid}); });

    files.failures.report_to(faults, "files");
    process.failures.report_to(faults, "process");
    processes.failures.report_to(faults, "processes");
    locks.failures().report_to(faults, "locks");
    pipes.failures().report_to(faults, "pipes");
    signals.failures.report_to(faults, "signals");
    streams.failures.report_to(faults, "streams");
    users.failures.report_to(faults, "users");
    sockets.failures().report_to(faults, "sockets");
    confinement.failures().report_to(faults, "confinement");
    service_manager.failures().report_to(faults, "service_manager");
    children.failures().report_to(faults, "children");
    inherited.failures().report_to(faults, "inherited");
    kill_timers.failures.report_to(faults, "kill_timers");
    line_readers.failures().report_to(faults, "line_readers");
    message_sockets.failures().report_to(faults, "message_sockets");
    programs.failures().report_to(faults, "programs");
    threads.failures.report_to(faults, "threads");
    crashes.failures().report_to(faults, "crashes");
    captures.failures().report_to(faults, "captures");
    reactor.loop_failures.report_to(faults, "event_loop");

    faults.set_judge([this](std::string_view operation) { return judge(operation); });
    faults.set_witness([this](const FakeFaults::Operation& operation) {
        if (Running* const self = current()) self->lived.push_back({operation.name, operation.errno_value});
    });
    faults.set_killer([this] {
        if (current() == nullptr) throw std::logic_error("only a process that FakeOs::spawn() made can crash");
        kill(current()->pid);
    });
    process.set_hooks({.fork = [this] { return fork(); },
                       .adopt_orphans =
                           [this] {
                               // A call before a fork belongs to the parent.
                               Running& self = *current();
                               self.adopts_orphans = self.adopts_orphans || !self.lives_again();
                           },
                       .wait_for_child = [this](pid_t child) { return wait_for_child(child); },
                       .exit =
                           [this](int status) {
                               if (Running* const self = current()) end(*self, {.status = status});
                               if (FakeTask::current_thread() == FakeTask::current()) reactor.end_threads();
                           }});
    processes.set_delivery([this](const FakeProcessTable::Sent& sent) {
        if (!runs(sent.pid)) return false;
        raise(sent.pid, sent.signal_number, {.pid = process.id(), .uid = process.effective_user()});
        return true;
    });
    signals.on_default_action([this](FakeTask::Id task, int number) {
        constexpr int signal_status = 128;
        end(*by_task_.at(task), {.status = signal_status + number, .signal = number});
    });
    streams.be_silent_while([this] { return current() != nullptr && (current()->lives_again() || current()->end); });
    pipes.connect(reactor, [this](FakeTask::Id task) {
        return signals.use_up(task, std::array{SIGHUP, SIGINT, SIGTERM});
    });
}

FakeOs::~FakeOs() {
    for (const pid_t pid : running()) kill(pid);
    reactor.end_tasks();
}

os::Host FakeOs::host() {
    return {.boost_log = &boost_log,
            .children = &children,
            .clock = &clock,
            .confinement = &confinement,
            .crashes = &crashes,
            .environment = &environment,
            .files = &files,
            .inherited = &inherited,
            .locks = &locks,
            .message_sockets = &message_sockets,
            .pipes = &pipes,
            .process = &process,
            .processes = &processes,
            .programs = &programs,
            .service_manager = &service_manager,
            .signals = &signals,
            .sockets = &sockets,
            .streams = &streams,
            .threads = &threads,
            .users = &users,
            .make_event_loop = [this](const std::string& /*thread*/) -> std::unique_ptr<os::EventLoop> {
                if (const auto failure = reactor.loop_failures.due("make"))
                    throw std::system_error{*failure, std::generic_category(), "cannot make an event loop"};
                return std::make_unique<FakeEventLoop>(reactor);
            },
            .make_kill_timer = [this] { return kill_timers.make(); },
            .make_parking = [this]() -> std::unique_ptr<os::Parking> { return std::make_unique<FakeParking>(reactor); },
            .make_stream_capture = [this] { return captures.make(); }};
}

void FakeOs::act_as(const Peer& caller) {
    if (caller.pid != process.id()) process.set_id(caller.pid);
    process.set_effective_user(caller.uid);
    users.set_current(caller.uid, caller.gid);
    files.act_as(caller);
}

void FakeOs::process_died(pid_t pid) {
    locks.process_died(pid);
    sockets.process_died(pid);
    processes.end(pid);
}

pid_t FakeOs::spawn(Program program, uid_t user) {
    const pid_t pid = last_pid_ + 1;
    return add(std::move(program), 0, pid, user).pid;
}

FakeOs::Running& FakeOs::add(Program program, pid_t parent, pid_t first_id, uid_t user) {
    auto made = std::make_unique<Running>(Running{.pid = ++last_pid_,
                                                  .parent = parent,
                                                  .reaper = parent,
                                                  .first_id = first_id,
                                                  .user = user,
                                                  .program = std::move(program)});
    Running& running = *made;
    all_.emplace(running.pid, std::move(made));
    running.task = reactor.start([this, &running] { live(running); });
    by_task_.emplace(running.task, &running);
    process.add(running.task, first_id, user);
    processes.add(running.pid, user);
    return running;
}

void FakeOs::live(Running& self) {
    if (!self.end) {
        users.set_current(self.user, static_cast<gid_t>(self.user));
        files.act_as({.pid = self.first_id, .uid = self.user, .gid = static_cast<gid_t>(self.user)});
        End how;
        try {
            how.status = self.program();
            how.left_to_kernel = locks.held_by(self.pid) + pipes.open_readers() + pipes.open_writers();
        } catch (const ProcessExited& exited) {
            how.status = exited.status;
        } catch (const std::exception& error) {
            how = {.status = 128 + SIGABRT, .signal = SIGABRT, .exception = error.what()};
        } catch (...) {
            how = {.status = 128 + SIGABRT, .signal = SIGABRT, .exception = "an exception of an unknown type"};
        }
        end(self, std::move(how));
    }
    self.program = nullptr;
    process.forget(self.task);
    signals.forget(self.task);
    streams.forget(self.task);
    crashes.forget(self.task);
    captures.forget(self.task);
    users.forget(self.task);
    files.tree().forget(self.task);
}

void FakeOs::end(Running& self, End how) {
    if (self.end) return;
    self.end = std::move(how);
    reactor.kill(self.task);
    process_died(self.pid);
    pipes.process_died(self.task);
    for (const auto& [pid, other] : all_)
        if (other->reaper == self.pid) other->reaper = adopter_above(self);
}

pid_t FakeOs::adopter_above(const Running& ended) const {
    for (auto found = all_.find(ended.parent); found != all_.end(); found = all_.find(found->second->parent))
        if (found->second->adopts_orphans && !found->second->end) return found->first;
    return 0;
}

void FakeOs::kill(pid_t pid) {
    if (Running& killed = *all_.at(pid); !killed.end) end(killed, {.status = killed_status, .signal = SIGKILL});
}

void FakeOs::raise(pid_t pid, int signal_number, Peer sender) {
    if (!runs(pid)) return;
    if (signal_number == SIGKILL)
        kill(pid);
    else
        signals.raise_in(all_.at(pid)->task, signal_number, std::move(sender));
}

bool FakeOs::runs(pid_t pid) const {
    const auto found = all_.find(pid);
    return found != all_.end() && !found->second->end;
}

const std::optional<FakeOs::End>& FakeOs::end_of(pid_t pid) const { return all_.at(pid)->end; }

std::vector<pid_t> FakeOs::running() const {
    std::vector<pid_t> pids;
    for (const auto& [pid, known] : all_)
        if (!known->end) pids.push_back(pid);
    return pids;
}

std::vector<pid_t> FakeOs::processes_ever() const {
    std::vector<pid_t> pids;
    for (const auto& [pid, known] : all_) pids.push_back(pid);
    return pids;
}

pid_t FakeOs::pid_of(FakeTask::Id task) const { return by_task_.at(task)->pid; }

bool FakeOs::is_family(pid_t ancestor, pid_t pid) const {
    for (auto found = all_.find(pid); found != all_.end(); found = all_.find(found->second->parent))
        if (found->first == ancestor) return true;
    return false;
}

const FakeOs::End& FakeOs::wait_for(pid_t pid, std::chrono::milliseconds at_most) {
    const auto has_ended = [this, pid] { return end_of(pid).has_value() && reactor.has_ended(all_.at(pid)->task); };
    if (!wait_until(has_ended, at_most))
        throw std::runtime_error("process " + std::to_string(pid) + " still runs: " + reactor.describe());
    return *end_of(pid);
}

bool FakeOs::wait_until(const std::function<bool()>& condition, std::chrono::milliseconds at_most) {
    return reactor.run_until(condition, "the test", at_most);
}

std::size_t FakeOs::open_descriptors() const {
    return reactor.open_descriptors() + files.open_files() + pipes.open_ends();
}

FakeOs::Running* FakeOs::current() const {
    const auto found = by_task_.find(FakeTask::current());
    return found == by_task_.end() ? nullptr : found->second;
}

std::optional<int> FakeOs::judge(std::string_view operation) {
    Running* const self = current();
    if (self == nullptr) return std::nullopt;
    if (self->end) return EIO;
    if (!self->lives_again()) return std::nullopt;
    const auto& [name, errno_value] = self->lived.at(self->lived_again++);
    if (name != operation)
        throw std::logic_error("a program did '" + std::string{operation} + "' before its fork where it had done '" +
                               name + "' when it was run for the parent");
    return errno_value;
}

// The caller has counted the operation already, or repeated it.
pid_t FakeOs::fork() {
    Running& self = *current();
    if (self.lives_again()) {
        const auto [result, id] = self.forks.at(self.forked_again++);
        process.become(id);
        return result;
    }
    if (self.end) throw ProcessExited{.status = killed_status};
    Running& child = add(self.program, self.pid, self.first_id, self.user);
    child.lived = self.lived;
    child.forks = self.forks;
    child.forks.push_back({.result = 0, .id = child.pid});
    self.forks.push_back({.result = child.pid, .id = self.pid});
    ++self.forked_again;
    pipes.inherit(self.task, child.task);
    signals.inherit(self.task, child.task);
    return child.pid;
}

Result<int> FakeOs::wait_for_child(pid_t child) {
    const auto found = all_.find(child);
    const pid_t self = current()->pid;
    if (found == all_.end() || found->second->reaper != self || found->second->is_reaped)
        return os_error("wait for process", std::to_string(child), ECHILD);
    Running& waited_for = *found->second;
    if (!reactor.run_until([&] { return waited_for.end.has_value(); }, "a parent")) throw ProcessExited{killed_status};
    waited_for.is_reaped = true;
    constexpr int status_shift = 8;
    return waited_for.end->signal != 0 ? waited_for.end->signal : waited_for.end->status << status_shift;
}

}  // namespace servicekit::mocks
