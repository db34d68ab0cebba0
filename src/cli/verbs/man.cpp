#include "cli/man/page_parts.hpp"
#include "cli/man/program_page.hpp"
#include "cli/verbs/verb_functions.hpp"

namespace servicekit::cli {

int man(Session& session) {
    const std::string page =
        program_page(session.core.options(), dialect(session), date_of_page(*session.tools.host.environment));
    session.console.tell(page, {{"page", page}});
    return 0;
}

}  // namespace servicekit::cli
