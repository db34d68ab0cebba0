#include <memory>

#include "cli/evaluation.hpp"
#include "cli/verb_functions.hpp"
#include "servicekit/os/line_reader.hpp"

namespace servicekit::cli {
namespace {

/// Whether the text is the beginning of a form, as Lisp found.
bool is_unfinished(const EventError& error) {
    const Value* kind = error.fields().find("kind");
    const Value* type = error.fields().find("type");
    return kind != nullptr && *kind == Value{"read"} && type != nullptr && *type == Value{"END-OF-FILE"};
}

/// Asks for forms and prints what they give, until there are no more.
class Repl {
public:
    Repl(Session& session, Client& client, os::LineReader& lines)
        : session_{&session}, client_{&client}, lines_{&lines}, package_{session.invocation.package} {
        if (package_.empty()) package_ = "COMMON-LISP-USER";
    }

    int run() {
        for (std::string form;;) {
            const auto line = lines_->read_line(form.empty() ? package_ + "> " : "... ");
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
    /// Evaluates it where it is whole, and empties it then. \returns an exit code where it is over
    std::optional<int> take(std::string& form) {
        try {
            // In the end Lisp says which package it is in: a form may have changed it.
            const auto reply = evaluate(*client_, {.forms = {form, "(cl:package-name cl:*package*)"},
                                                   .package = package_,
                                                   .time_limit = session_->invocation.timeout});
            if (!reply) return session_->console.fail(reply.error());
            Object shown = *reply;
            if (Value* values = shown.find("values"); values != nullptr && values->is_list()) {
                Value::List of_forms = values->as_list();
                if (of_forms.size() > 1 && !of_forms.back().as_list().empty()) {
                    const std::string name = of_forms.back().as_list().front().as_string();
                    package_ = name.substr(1, name.size() - 2);
                    of_forms.pop_back();
                }
                *values = Value{std::move(of_forms)};
            }
            session_->console.print(evaluation_text(shown));
        } catch (const EventError& error) {
            if (is_unfinished(error)) return std::nullopt;
            const Value* type = error.fields().find("type");
            const bool has_type = type != nullptr && type->is_string();
            session_->console.complain(std::string{error.what()} + " (" +
                                       (has_type ? type->as_string() : error.code()) + ")");
            if (!error.fields().contains("kind")) return 1;
        }
        form.clear();
        return std::nullopt;
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

}  // namespace

int repl(Session& session) {
    return with_client(session, "eval", [&](Client& client) {
        const auto lines = session.tools.make_line_reader();
        return Repl{session, client, *lines}.run();
    });
}

}  // namespace servicekit::cli
