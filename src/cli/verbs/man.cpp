#include "base/names.hpp"
#include "cli/man/page_parts.hpp"
#include "cli/man/program_page.hpp"
#include "cli/verbs/verb_functions.hpp"

namespace servicekit::cli {

int man(Session& session) {
    const std::string& name = session.core.options().name;
    if (!is_valid_name(name))
        return session.console.fail(
            Error{ExitCode::usage, "print a page of", name, "the service needs a name; " + std::string{name_rule()}});
    const std::string page =
        program_page(session.core.options(), dialect(session), date_of_page(*session.tools.host.environment));
    session.console.tell(page, {{"page", page}});
    return 0;
}

}  // namespace servicekit::cli
