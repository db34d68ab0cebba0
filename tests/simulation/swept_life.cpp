#include "simulation/swept_life.hpp"

#include <cerrno>
#include <csignal>
#include <exception>
#include <set>
#include <utility>

namespace servicekit::simulation {
namespace {

using namespace std::chrono_literals;

/// Longer than all time limits of the trial service together: start, stop and grace periods.
constexpr auto longest_life = 5min;

constexpr auto records = "/run/servicekit";

bool forbids(int errno_value) { return errno_value == EPERM || errno_value == EACCES || errno_value == EROFS; }

/// Returns true for the errors of a file system without owners.
bool keeps_no_owners(int errno_value) { return os::is_refused_by_file_system(os_error("", "", errno_value)); }

/// Returns true if a pidfile in another default place is closed to this user or is not a pidfile: another user's.
bool is_of_nobody_here(const mocks::FakeFaults::Operation& failed) {
    static const std::set<int> foreign{EACCES, EPERM, ELOOP, EISDIR, EINVAL, ENOTDIR, ENAMETOOLONG};
    return failed.name == "locks.owner" && failed.object != TrialMachine::pid_file &&
           foreign.contains(failed.errno_value);
}

/// The process that waits for the outcome of the start ends in the same way even if it cannot note signals.
bool is_of_waiting_parent(const mocks::FakeFaults::Operation& failed) {
    return failed.name == "signals.note" && failed.nth == 4;
}

/// The directory of additional config files need not exist.
bool is_missing_directory(const mocks::FakeFaults::Operation& failed) {
    return failed.object == TrialMachine::config_directory && failed.errno_value == ENOENT;
}

/// Returns true for a failure that need not be reported, because nobody is left to report it to or nothing is lost.
bool may_be_silent(const mocks::FakeFaults::Operation& failed) {
    static const std::set<std::string, std::less<>> silent{
        "process.wait_for_child",  // the parent knows the outcome of the start from the pipe
        "pipes.write",             // its readers are gone; the parent reports it if it waits for one
        "streams.write",           // this was the report itself
        "sockets.receive",         // a client notices by itself that its connection broke
        "sockets.send",
    };
    if (is_missing_directory(failed)) return true;
    // The first call only serves an exit(3) in the load event.
    if (failed.name == "crashes.install" && failed.nth == 1) return true;
    if (silent.contains(failed.name) || is_of_nobody_here(failed) || is_of_waiting_parent(failed)) return true;
    // Without it the size is unknown, which only affects rotation.
    if (failed.name == "files.status" && failed.object == TrialMachine::log_file) return true;
    // The first life has none, and the log is closed when it is written. Only the duration of a stop is missing.
    if (failed.object.ends_with(".stop") && (failed.name == "files.write" || failed.errno_value == ENOENT)) return true;
    // The remains of an unfinished record, and permissions: everybody may read a record.
    if (failed.object.starts_with(records) &&
        (failed.name == "files.set_permissions" || (failed.name == "files.remove" && failed.errno_value == ENOENT)))
        return true;
    // The directory of the socket may belong to another user by now.
    if (failed.name == "sockets.remove_file" && forbids(failed.errno_value)) return true;
    // The program does not set permissions of its own file.
    if (failed.name == "files.set_permissions" && failed.object == TrialMachine::notes_file) return true;
    // The pidfile is emptied before the pid is written, and again after the log is closed. Its content then does not
    // mislead a verb, because the lock shows that nothing runs.
    return failed.name == "locks.write" && failed.nth == 3;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
    using Ending = Scenario::Ending;
    static const std::vector<Scenario> all{
        {.name = "foreground, stop", .deployment = {}, .ending = Ending::stop_request},
        {.name = "foreground, INT", .deployment = {}, .ending = Ending::interrupt},
        {.name = "background, TERM", .deployment = {.background = true}, .ending = Ending::term},
        {.name = "background, kill", .deployment = {.background = true}, .ending = Ending::kill_request},
        {.name = "background as another user, TERM",
         .deployment = {.background = true, .drops_privileges = true},
         .ending = Ending::term},
    };
    return all;
}

void SweptLife::run() {
    const auto begin = machine_.os.clock.steady_now();
    try {
        live();
        operations_ = machine_.os.faults.count();
        check_end();
        if (crashes_)
            start_again();
        else
            check_outcome();
    } catch (const std::exception& error) {
        faults_.emplace_back(error.what());
    }
    for (const pid_t pid : machine_.os.processes_ever())
        if (const auto& how = machine_.os.end_of(pid))
            expect(how->exception.empty(), "an exception escaped main(): " + how->exception);
    expect(machine_.os.clock.steady_now() - begin < longest_life, "it took too long");
}

void SweptLife::live() {
    mocks::FakeLife life{machine_.os, [this] { return machine_.make_service(); }};
    life.start();
    operations_until_ready_ = machine_.os.faults.count();
    if (const auto result = life.start_result()) start_code_ = result->status;
    if (life.runs()) {
        serve(life);
        end(life);
    }
    const auto result = life.result();
    exit_code_ = start_code_.value_or(0) != 0 ? *start_code_ : result->status;
    // If the service crashed, its clients and the process that waits for it have yet to notice.
    for (const pid_t pid : machine_.os.running())
        if (!machine_.os.wait_until([&] { return !machine_.os.runs(pid); }, longest_life))
            expect(false, "process " + std::to_string(pid) + " never ends");
}

void SweptLife::serve(mocks::FakeLife& life) {
    check_running(life);
    ask(life, R"(["status"])");
    ask(life, R"(["note", {"text": "a line"}])");
    life.raise(SIGHUP);
    check_running(life);
    ask(life, R"(["reload"])");
    ask(life, R"(["log-reopen"])");
    life.raise(SIGUSR1);
    check_running(life);
    went_on_ = life.runs();
}

void SweptLife::end(mocks::FakeLife& life) {
    if (!life.runs()) return;
    operations_until_end_ = machine_.os.faults.count();
    switch (scenario_.ending) {
        case Scenario::Ending::stop_request:
            ask(life, R"(["stop"])");
            break;
        case Scenario::Ending::kill_request:
            ask(life, R"(["kill"])");
            break;
        case Scenario::Ending::term:
            life.raise(SIGTERM);
            break;
        case Scenario::Ending::interrupt:
            life.raise(SIGINT);
            break;
    }
    life.wait();
}

/// Sends a request as an operator does: once more if the first connection broke.
void SweptLife::ask(mocks::FakeLife& life, const std::string& request) {
    std::string reply;
    for (int attempts = 0; attempts < 2 && reply.empty() && life.runs(); ++attempts) reply = life.ask(request);
    replies_ += reply + '\n';
    // If the service has ended, its answer may be lost.
    expect(!reply.empty() || !life.runs(), "no answer to " + request);
}

void SweptLife::check_running(mocks::FakeLife& life) {
    if (!life.runs()) return expect(crashes_, "it ended without being told to");
    const std::string pid = std::to_string(life.pid());
    const auto& content = machine_.os.files.content(TrialMachine::pid_file);
    expect(content == pid + "\n", "the pidfile of process " + pid + " has '" + content + "'");
    const auto owner = machine_.os.locks.holder(TrialMachine::pid_file);
    expect(owner && owner->pid == life.pid(), "process " + pid + " runs without the lock");
}

void SweptLife::check_end() {
    auto& os = machine_.os;
    expect(os.open_descriptors() == 0, std::to_string(os.open_descriptors()) + " descriptors are left open");
    expect(!os.locks.holder(TrialMachine::pid_file), "the lock is still held");
    if (crashes_) {
        const std::string told = machine_.told();
        const bool says_how =
            told.find("killed by signal 9 (SIGKILL)") != std::string::npos ||
            // It died before its parent learned its pid.
            told.find("the service ended before it was ready, without saying why") != std::string::npos;
        return expect(start_code_ != to_int(ExitCode::internal) || says_how, "its parent does not say how it ended");
    }
    const auto failed = os.faults.failed();
    const auto has_failed = [&](std::string_view name) { return !failed.empty() && failed.front().name == name; };
    for (const pid_t pid : os.processes_ever()) {
        const auto& how = os.end_of(pid);
        expect(how->signal == 0, "process " + std::to_string(pid) + " died of signal " + std::to_string(how->signal));
        expect(how->left_to_kernel == 0, "main() returned with a pipe or a lock that it had");
    }
    const bool has_pid_file = os.files.exists(TrialMachine::pid_file);
    expect(has_pid_file || !went_on_, "the pidfile is gone");
    if (has_pid_file && !has_failed("locks.write"))
        expect(os.files.content(TrialMachine::pid_file).empty(), "the pidfile was not emptied");
    if (!has_failed("sockets.remove_file") && !scenario_.deployment.drops_privileges)
        expect(!os.files.exists(TrialMachine::socket), "the socket was left behind");
}

void SweptLife::check_outcome() {
    const auto failures = machine_.os.faults.failed();
    if (failures.empty()) return expect(exit_code_ == 0, "it ended with " + std::to_string(exit_code_));
    const Operation& failed = failures.front();
    const auto promised = promised_exit(failed);
    // A parent that gets no message reports an error, though all is well. In reality it misses the message only if it
    // has ended itself.
    const bool is_unheard = failed.name == "pipes.write" && failed.nth == 3;
    if (promised) {
        expect(exit_code_ == *promised,
               "it ended with " + std::to_string(exit_code_) + " in place of " + std::to_string(*promised));
    } else {
        expect(went_on_, "it did not go on");
        expect(exit_code_ == 0 || is_unheard, "it went on, and ended with " + std::to_string(exit_code_));
    }
    check_told(failed);
}

void SweptLife::check_told(const Operation& failed) {
    if (may_be_silent(failed)) return;
    if (failed.name == "files.write" && failed.object == TrialMachine::log_file) {
        // What could not be written is written later, so there is no error to report.
        const std::string log = machine_.os.files.content(TrialMachine::log_file);
        const bool has_end = log.ends_with(": stopped\n") || log.find(": killed: ") != std::string::npos;
        return expect(log.find(": starting, pid ") != std::string::npos && has_end, "its log lacks lines: " + log);
    }
    const std::string all = machine_.told() + replies_;
    expect(all.find(errno_text(failed.errno_value)) != std::string::npos, "nobody was told: " + all);
}

/// Returns true for a part of the record that a start leaves. A service works without a record.
bool SweptLife::is_of_record(const Operation& failed) const {
    if (failed.object.starts_with(records) || failed.name == "process.program") return true;
    // The directory of the record must be closed to others. This is checked after the log is open.
    if (failed.name == "files.status" && (failed.object == "/" || failed.object == "/run"))
        return machine_.os.files.exists(TrialMachine::log_file);
    // The directory to which the place is relative.
    return failed.name == "process.current_directory" && failed.nth == 3;
}

/// \returns nothing if the service must go on
std::optional<int> SweptLife::promised_exit(const Operation& failed) const {
    const auto unless_forbidden = [&](ExitCode code) {
        return to_int(forbids(failed.errno_value) ? ExitCode::permission : code);
    };
    if (failed.number > operations_until_ready_) {
        // The exception from the program's on_stop.
        const bool is_of_stop = failed.object == TrialMachine::notes_file && failed.number > operations_until_end_;
        return is_of_stop ? std::optional{to_int(ExitCode::internal)} : std::nullopt;
    }
    if (is_missing_directory(failed) || is_of_record(failed)) return std::nullopt;
    if (failed.object == TrialMachine::config_file || failed.object == TrialMachine::config_directory)
        return to_int(ExitCode::configuration);
    // The program accepts its file as it is.
    if (failed.name == "files.set_permissions") return std::nullopt;
    if (failed.object == TrialMachine::notes_file) return to_int(ExitCode::internal);

    static const std::set<std::string, std::less<>> go_on{
        "files.give_to_group", "streams.set_permissions", "files.write",  "process.wait_for_child", "streams.write",
        "sockets.accept",      "sockets.receive",         "sockets.send", "sockets.remove_file"};
    if (go_on.contains(failed.name)) return std::nullopt;
    if (failed.name == "files.status" && failed.object == TrialMachine::log_file) return std::nullopt;
    if (failed.name == "pipes.write" && failed.nth != 1) return std::nullopt;
    // A service that can't report a crash still runs.
    if (failed.name == "crashes.install" || failed.name == "crashes.open_report" || failed.name == "files.list" ||
        failed.object.ends_with(".crash"))
        return std::nullopt;

    if (is_of_nobody_here(failed) || is_of_waiting_parent(failed)) return std::nullopt;

    static const std::set<std::string, std::less<>> cannot_create{
        "files.create_directories", "files.status", "files.open_for_appending", "locks.owner",
        "locks.try_lock",           "locks.write",  "captures.capture",         "sockets.probe",
        "sockets.listen",           "sockets.group"};
    if (cannot_create.contains(failed.name)) return unless_forbidden(ExitCode::cannot_create);
    // The calls that drop privileges. The first change of directory belongs to the daemon.
    const bool is_of_drop = failed.name.ends_with(".change_owner") || failed.name.starts_with("users.") ||
                            (failed.name == "process.change_directory" && failed.nth > 1);
    // Some file systems have no owners.
    if (failed.name.ends_with(".change_owner") && keeps_no_owners(failed.errno_value)) return std::nullopt;
    if (is_of_drop) return to_int(ExitCode::permission);
    return unless_forbidden(ExitCode::os);
}

void SweptLife::start_again() {
    machine_.os.faults.forget();
    machine_.os.faults.crash(0);
    mocks::FakeLife life{machine_.os, [this] { return machine_.make_service(); }};
    expect(life.start(), "after the crash it does not start again: " + machine_.told());
    if (!life.runs()) return;
    check_running(life);
    expect(!life.ask(R"(["status"])").empty(), "after the crash nobody answers");
    expect(life.stop() == 0, "after the crash it does not stop cleanly");
    expect(machine_.os.open_descriptors() == 0, "after the crash descriptors are left open");
}

}  // namespace servicekit::simulation
