#include <string>
#include <vector>

#include "base/escaped_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/verbs/verb_functions.hpp"
#include "core/crash_reports.hpp"
#include "core/paths.hpp"

namespace servicekit::cli {
namespace {

struct Found {
    std::vector<CrashSummary> crashes;
    std::vector<CrashReports> paths;  ///< the directory of the crash with the same index
};

/// Finds the reports in all directories that a start could have used. A missing directory has none.
Result<Found> find_crashes(const Session& session) {
    auto candidates = candidate_paths(session.service.settings(), session.tools.host);
    if (!candidates) return candidates.error();
    Found found;
    std::vector<std::string> seen;
    for (const Paths& paths : *candidates) {
        bool is_new = true;
        for (const std::string& directory : seen) is_new = is_new && directory != paths.crash_directory;
        if (!is_new) continue;
        seen.push_back(paths.crash_directory);
        const os::Host& host = session.tools.host;
        const auto status = host.files->status(paths.crash_directory, os::Links::follow);
        if (!status || !*status) continue;
        const CrashReports reports{paths.crash_directory, paths.name, *host.files, *host.clock};
        auto listed = reports.list();
        if (!listed) return listed.error();
        for (CrashSummary& crash : *listed) {
            found.crashes.push_back(std::move(crash));
            found.paths.push_back(reports);
        }
    }
    return found;
}

std::string in_words(const std::vector<CrashSummary>& crashes) {
    std::string text;
    std::size_t number = 0;
    for (const CrashSummary& crash : crashes) {
        text += std::to_string(++number) + "  " + escaped(crash.time) + "  " + escaped(crash.in_words()) + "\n";
        text += "   " + escaped(crash.file) + (crash.is_whole ? "\n" : ", which was not written to its end\n");
        for (const std::string& frame : crash.frames) text += "      " + escaped(frame) + "\n";
    }
    return text;
}

int show(Session& session, const Found& found) {
    const std::size_t number = session.invocation.number;
    if (number == 0 || number > found.crashes.size()) {
        session.console.complain("there is no crash report " + std::to_string(number));
        return exit_status::error_reply;
    }
    const auto text = found.paths[number - 1].read(found.crashes[number - 1].file);
    if (!text) return session.console.fail(text.error());
    session.console.tell(*text, {{"report", *text}});
    return 0;
}

}  // namespace

int crashes(Session& session) {
    if (const int code = load_as_client(session); code != 0) return code;
    Console& console = session.console;
    const auto found = find_crashes(session);
    if (!found) return console.fail(found.error());
    if (!session.invocation.action.empty()) return show(session, *found);
    Value::List all;
    for (const CrashSummary& crash : found->crashes) all.emplace_back(crash.fields());
    const Object listed{{"crashes", std::move(all)}};
    if (found->crashes.empty())
        console.say("no crash reports", listed);
    else
        console.tell(in_words(found->crashes), listed);
    return 0;
}

}  // namespace servicekit::cli
