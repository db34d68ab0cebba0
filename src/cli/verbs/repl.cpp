#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/escaped_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/verbs/evaluation.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "servicekit/os/line_reader.hpp"

namespace servicekit::cli {
namespace {

constexpr const char* first_package = "COMMON-LISP-USER";

/// Returns true if Lisp found that the text is the beginning of a form.
bool is_unfinished(const CallError& error) {
    const Value* kind = error.fields().find("kind");
    const Value* type = error.fields().find("type");
    return kind != nullptr && *kind == Value{"read"} && type != nullptr && *type == Value{"END-OF-FILE"};
}

/// Reads forms and prints their results until there are no more.
class Repl {
public:
    Repl(Session& session, Client& client, os::LineReader& lines)
        : session_{&session}, client_{&client}, lines_{&lines}, package_{session.invocation.package} {
        if (package_.empty()) package_ = first_package;
    }

    int run() {
        for (std::string form;;) {
            const auto line = lines_->read_line(form.empty() ? escaped(package_) + "> " : "... ");
            if (!line && line.error().errno_value == EINTR) {
                form.clear();
                continue;
            }
            if (!line) return session_->console.fail(line.error());
            if (!*line) return form.empty() ? 0 : give_up(form);
            form += **line + "\n";
            if (form.find_first_not_of(" \t\n") == std::string::npos) {
                form.clear();
                continue;
            }
            if (const auto code = take(form)) return *code;
        }
    }

private:
    /// Evaluates the form if it is complete, and then clears it. \returns an exit code if the session is over
    std::optional<int> take(std::string& form) {
        const auto reply =
            evaluate(*client_, {.forms = {form}, .package = package_, .time_limit = session_->invocation.timeout},
                     [this, has_interrupted = false]() mutable { return gives_up(has_interrupted); });
        if (reply) {
            show(*reply);
        } else if (const CallError& error = reply.error(); error.error().errno_value == EINTR) {
            session_->console.complain("the form runs on until its time is up; what is typed now waits for that");
        } else if (!error.is_reply()) {
            return fail_call(*session_, error);
        } else {
            if (is_unfinished(error)) return std::nullopt;
            session_->console.print(evaluation_text(error.fields()));
            session_->console.complain(fault_text(error));
            if (!is_of_lisp(error)) return 1;
            // The package may have been deleted.
            if (*error.fields().find("kind") == Value{"package"}) package_ = first_package;
        }
        form.clear();
        return std::nullopt;
    }

    /// At the first Ctrl-C the service is asked to end the evaluation, which its reply then reports. If that does not
    /// help, or at the second Ctrl-C, the verb stops waiting.
    bool gives_up(bool& has_interrupted) {
        if (!lines_->take_interrupt()) return false;
        return std::exchange(has_interrupted, true) || !interrupt();
    }

    bool interrupt() {
        auto client = client_->connect_again();
        if (!client) return false;
        const auto reply = client->call("interrupt-eval", {}, {.timeout = std::chrono::seconds{5}});
        return reply && reply->get<bool>("interrupted", false);
    }

    void show(const Object& reply) {
        session_->console.print(evaluation_text(reply));
        // A form may have changed the package or deleted it.
        if (const Value* package = reply.find("package"); package != nullptr && package->is_string())
            package_ = package->as_string();
    }

    int give_up(const std::string& form) {
        session_->console.complain("the last form has no end: " + form.substr(0, form.find('\n')));
        return 1;
    }

    Session* session_;
    Client* client_;
    os::LineReader* lines_;
    std::string package_;
};

/// Returns true if the service lists its events, and `eval` is not among them.
bool is_known_to_lack_lisp(Client& client) {
    constexpr std::chrono::seconds longest_listing{2};
    const auto reply = client.call("events", {}, {.timeout = longest_listing});
    const Value* events = reply ? reply->find("events") : nullptr;
    if (events == nullptr || !events->is_list()) return false;  // the first form will show it
    return std::none_of(events->as_list().begin(), events->as_list().end(), [](const Value& event) {
        return event.is_object() && event.as_object().get<std::string>("name", {}) == "eval";
    });
}

}  // namespace

int repl(Session& session) {
    return with_client(session, "eval", [&](Client& client) {
        if (is_known_to_lack_lisp(client)) {
            session.console.complain(no_lisp_text());
            return exit_status::error_reply;
        }
        const auto lines = session.tools.make_line_reader();
        return Repl{session, client, *lines}.run();
    });
}

}  // namespace servicekit::cli
