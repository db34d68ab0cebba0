#include <chrono>
#include <memory>
#include <string>

#include "cli/log_view/log_tail.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/policy/daemon_policy.hpp"

namespace servicekit::cli {
namespace {

constexpr std::chrono::milliseconds pause{200};
/// In addition to the time that a client adds.
constexpr std::chrono::milliseconds flush_wait{100};

/// Makes the service write its buffered lines, so that they are shown. If that fails, the lines in the file are shown.
void have_flushed(Session& session) {
    auto running = running_service(session);
    if (!running) return;
    const auto instance = find_instance(session, *running);
    if (!instance || !*instance) return;
    auto client = connect_to(session, **instance);
    if (!client) return;
    // An older service does not have this event, and this user may not be permitted to call it.
    static_cast<void>(client->call("log-flush", {}, {.timeout = flush_wait}));
}

/// Shows a tail until its reader wants no more.
class Showing {
public:
    Showing(Session& session, LogTail& tail)
        : console_{session.console},
          tail_{tail},
          // Created before the first line is printed: a user who sees it and presses Ctrl-C gets a clean end.
          sleep_{session.invocation.follow ? session.tools.make_sleep() : nullptr} {}

    Result<void> run() {
        auto shown = show();
        if (!begun_.empty()) print_text(as_json(begun_));
        return shown;
    }

private:
    Result<void> show() {
        if (auto shown = print_rest(); !shown) return shown.error();
        if (auto shown = print_what_follows(); !shown || !sleep_) return shown;
        while (is_wanted() && sleep_->sleep_for(pause)) {
            const auto any = print_rest();
            if (!any) return any.error();
            // A replaced file is left only after a pause without a line, when its writer has left it.
            if (*any) continue;
            if (auto shown = print_what_follows(); !shown) return shown;
        }
        return {};
    }

    [[nodiscard]] bool is_wanted() const {
        return !console_.output_has_failed() && (!sleep_ || sleep_->sleep_for(std::chrono::milliseconds{0}));
    }
    void print(const std::string& text) {
        if (!console_.uses_json()) return print_text(text);
        begun_ += text;
        std::string lines;
        std::size_t begin = 0;
        for (auto end = begun_.find('\n'); end != std::string::npos; end = begun_.find('\n', begin)) {
            lines += as_json(begun_.substr(begin, end - begin));
            begin = end + 1;
        }
        begun_.erase(0, begin);
        print_text(lines);
    }
    static std::string as_json(const std::string& line) { return to_json(Object{{"line", line}}) + "\n"; }
    void print_text(const std::string& text) {
        // The reader may pause, as a pager does, and end together with this process.
        if (sleep_) return console_.print(text, [this] { return is_wanted(); });
        console_.print(text);
    }

    /// Prints all that is there. \returns true if there was anything
    Result<bool> print_rest() {
        bool any = false;
        for (; is_wanted(); any = true) {
            const auto text = tail_.next();
            if (!text) return text.error();
            if (text->empty()) break;
            print(*text);
            // If our reader is slow, the next files may be gone when their turn comes.
            if (!sleep_) continue;
            if (const auto looked = tail_.look(); !looked) return looked.error();
        }
        return any;
    }
    /// \pre the current file has been shown completely
    Result<void> print_what_follows() {
        while (is_wanted()) {
            const auto followed = tail_.follow();
            if (!followed) return followed.error();
            if (!*followed) break;
            if (const auto shown = print_rest(); !shown) return shown.error();
        }
        return {};
    }

    Console& console_;
    LogTail& tail_;
    std::unique_ptr<os::InterruptibleSleep> sleep_;
    std::string begun_;  ///< the beginning of a line that the next text continues
};

}  // namespace

int logs(Session& session) {
    if (const int code = load_as_client(session); code != 0) return code;
    Console& console = session.console;
    const Settings& settings = session.service.settings();
    if (session.config_fault && settings.layer_of(setting::log_file.name) < SettingsLayer::environment)
        return console.fail(*session.config_fault);
    const auto paths = resolve_paths(settings, session.tools.host);
    if (!paths) return console.fail(paths.error());
    if (paths->log_file.empty()) {
        const bool notifies = session.core.policies().daemon.notifies_manager();
        return console.fail(Error{ExitCode::configuration, "show the log", "",
                                  "no log file is set; under systemd its lines are in the journal: journalctl " +
                                      (notifies ? "-t " + paths->name : "-u " + paths->name + ".service")});
    }
    if (os::named_descriptor(paths->log_file))
        return console.fail(Error{ExitCode::configuration, "show the log", paths->log_file,
                                  "it is a descriptor that only the service has"});
    os::Files& files = *session.tools.host.files;
    have_flushed(session);
    const os::Clock& clock = *session.tools.host.clock;
    const auto since = log_since(session.invocation.since, clock.system_now());
    const auto tell = [&console](const std::string& message) { console.complain(message); };
    auto tail = since ? LogTail::open_since(files, clock, paths->log_file, *since, tell)
                      : LogTail::open(files, clock, paths->log_file, session.invocation.lines, tell);
    if (!tail) return console.fail(tail.error());
    if (const auto shown = Showing{session, *tail}.run(); !shown) return console.fail(shown.error());
    return 0;
}

}  // namespace servicekit::cli
