#include "cli/verb_functions.hpp"
#include "servicekit/contract/daemon.hpp"

namespace servicekit::cli {
namespace {

int refuse_background(Session& session) {
    return session.console.fail(Error{ExitCode::usage, "start in the background", "",
                                      "this service has none; use '" + program_name(session) + " run'"});
}

bool has_background(Session& session) { return session.service.policies().daemon.has_background(); }

Result<void> check_user_and_group(const Settings& settings, os::Users& users) {
    if (const std::string name = settings.get(setting::user); !name.empty()) {
        const auto user = users.find_user(name);
        if (!user) return user.error();
        if (!*user) return Error{ExitCode::configuration, "become the user", name, "there is no such user"};
    }
    if (const std::string name = settings.get(setting::group); !name.empty()) {
        const auto group = users.find_group(name);
        if (!group) return group.error();
        if (!*group)
            return Error{ExitCode::configuration, "become a member of the group", name, "there is no such group"};
    }
    return {};
}

/// All that can be told about a start without starting.
Result<void> check_configuration(Session& session) {
    if (auto loaded = session.service.load(); !loaded) return loaded.error();
    const Settings& settings = session.service.settings();
    const auto places = resolve_places(settings, session.tools.host);
    if (!places) return places.error();
    const auto deployment = make_deployment(settings, *places, session.tools.host);
    if (!deployment) return deployment.error();
    return check_user_and_group(settings, *session.tools.host.users);
}

}  // namespace

int start(Session& session) {
    if (!has_background(session)) return refuse_background(session);
    if (const int code = fill_settings(session); code != 0) return code;
    return session.service.start();
}

int run(Session& session) {
    if (const int code = fill_settings(session); code != 0) return code;
    return session.service.run();
}

int check(Session& session) {
    if (const int code = fill_settings(session); code != 0) return code;
    if (const auto checked = check_configuration(session); !checked) return session.console.fail(checked.error());
    session.console.say("the configuration is fine");
    return 0;
}

int restart(Session& session) {
    if (!has_background(session)) return refuse_background(session);
    if (const int code = fill_settings(session); code != 0) return code;
    if (const auto checked = check_configuration(session); !checked) return session.console.fail(checked.error());
    if (const int code = stop_loaded(session); code != 0) return code;
    return session.service.start();
}

}  // namespace servicekit::cli
