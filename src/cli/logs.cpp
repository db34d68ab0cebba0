#include "cli/log_tail.hpp"
#include "cli/verb_functions.hpp"

namespace servicekit::cli {
namespace {

constexpr std::chrono::milliseconds pause{200};
/// Beside what a client adds by itself.
constexpr std::chrono::milliseconds flush_wait{100};

/// Has the service write what it keeps back, so that it is shown. Without that all is shown that is there.
void have_flushed(Session& session) {
    auto running = running_service(session);
    if (!running) return;
    const auto instance = running->find();
    if (!instance || !*instance) return;
    auto client =
        Client::connect((*instance)->places.control_socket, *session.tools.sockets, *session.tools.host.clock);
    if (!client) return;
    try {
        (void)client->call("log-flush", {}, {.timeout = flush_wait});
    } catch (const EventError&) {
        return;  // it may be of an older version, or we nobody whom it answers
    }
}

/// Prints all that is there. \returns whether there was anything
Result<bool> print_rest(Session& session, LogTail& tail) {
    for (bool any = false;; any = true) {
        const auto text = tail.next();
        if (!text) return text.error();
        if (text->empty()) return any;
        session.console.print(*text);
        // Whoever reads us may be slow, and the files that come next be gone by then.
        if (!session.invocation.follow) continue;
        if (const auto looked = tail.look(); !looked) return looked.error();
    }
}

Result<void> show(Session& session, LogTail& tail) {
    // Before the first line: who has seen one and interrupts us is answered by a clean end.
    const auto sleep = session.invocation.follow ? session.tools.make_sleep() : nullptr;
    for (bool more = true; more;) {
        if (auto shown = print_rest(session, tail); !shown) return shown.error();
        const auto followed = tail.follow();
        if (!followed) return followed.error();
        more = *followed;
    }
    if (!sleep) return {};
    while (sleep->sleep_for(pause)) {
        const auto any = print_rest(session, tail);
        if (!any) return any.error();
        // A file that was replaced is left only after a pause without a line: whoever writes has left it by then.
        if (*any) continue;
        for (bool more = true; more;) {
            const auto followed = tail.follow();
            if (!followed) return followed.error();
            more = *followed;
            if (const auto shown = print_rest(session, tail); !shown) return shown.error();
        }
    }
    return {};
}

}  // namespace

int logs(Session& session) {
    if (const int code = load_as_client(session); code != 0) return code;
    Console& console = session.console;
    const auto places = resolve_places(session.service.settings(), session.tools.host);
    if (!places) return console.fail(places.error());
    if (places->log_file.empty())
        return console.fail(Error{ExitCode::configuration, "show the log", "", "no log file is set"});
    os::Files& files = *session.tools.host.files;
    have_flushed(session);
    const auto since = log_since(session.invocation.since, session.tools.host.clock->system_now());
    const auto tell = [&console](const std::string& message) { console.complain(message); };
    auto tail = since ? LogTail::open_since(files, places->log_file, *since, tell)
                      : LogTail::open(files, places->log_file, session.invocation.lines, tell);
    if (!tail) return console.fail(tail.error());
    if (const auto shown = show(session, *tail); !shown) return console.fail(shown.error());
    return 0;
}

}  // namespace servicekit::cli
