#include "servicectl/targets.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/names.hpp"
#include "servicectl/survey.hpp"

namespace servicekit::servicectl {
namespace {

constexpr std::chrono::milliseconds longest_look{500};

Meant none(Error fault) { return {.fault = std::move(fault), .is_unknown = true}; }

Error no_such_service(const std::string& name, const std::vector<Place>& known) {
    std::vector<std::string_view> names;
    for (const Place& place : known) names.push_back(place.name());
    std::string hint = did_you_mean(name, names);
    if (hint.empty()) hint = "; 'servicectl list --all' shows all services";
    return {ExitCode::usage, "find the service", name, "there is none of this name" + hint};
}

struct Looked {
    std::vector<Place> running = {};
    std::size_t not_asked = 0;  ///< services for which there was no time or no descriptor
};

/// Finds the places at which a service runs.
Looked look_at(std::vector<Place> places, const os::Host& host) {
    const std::vector<Finding> findings = survey(places, longest_look, host);
    Looked looked;
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (findings[i].state == Finding::State::not_asked) ++looked.not_asked;
        if (is_running(findings[i])) looked.running.push_back(std::move(places[i]));
    }
    return looked;
}

Meant ambiguous(const std::string& name, const std::vector<Place>& places) {
    std::string sockets;
    for (const Place& place : places) sockets += (sockets.empty() ? "'" : ", '") + place.paths.control_socket + "'";
    return {.fault = Error{ExitCode::usage, "choose a service", name,
                           "there are several; name one by its socket: " + sockets}};
}

}  // namespace

bool is_pattern(std::string_view target) noexcept { return target.find_first_of("*?") != std::string_view::npos; }

bool matches(std::string_view pattern, std::string_view name) noexcept {
    std::size_t at = 0;
    std::size_t in_name = 0;
    std::size_t star = std::string_view::npos;
    std::size_t after_star = 0;
    while (in_name < name.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            after_star = in_name;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[in_name])) {
            ++at;
            ++in_name;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            in_name = ++after_star;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

Meant find_by_name(const std::string& name, const std::vector<Place>& known, const os::Host& host) {
    std::vector<Place> named;
    for (const Place& place : known)
        if (place.name() == name) named.push_back(place);
    if (named.empty()) return none(no_such_service(name, known));
    const auto is_others = [&host](const Place& place) { return is_of_another_user(place, host); };
    if (!std::all_of(named.begin(), named.end(), is_others)) std::erase_if(named, is_others);
    if (named.size() == 1) return {.places = std::move(named)};
    if (auto running = look_at(named, host).running; !running.empty()) named = std::move(running);
    // One of this user comes before one of root, as for the verbs of the service.
    const uid_t self = host.process->effective_user();
    const auto is_own = [self](const Place& place) { return place.owner == self; };
    if (std::any_of(named.begin(), named.end(), is_own))
        std::erase_if(named, [&](const Place& place) { return !is_own(place); });
    if (named.size() == 1) return {.places = std::move(named)};
    return ambiguous(name, named);
}

Meant find_by_pattern(const std::string& pattern, const std::vector<Place>& known, bool all_users,
                      const os::Host& host) {
    std::vector<Place> matching;
    std::size_t others = 0;
    for (const Place& place : known) {
        if (!matches(pattern, place.name())) continue;
        if (is_of_another_user(place, host) && !all_users)
            ++others;
        else
            matching.push_back(place);
    }
    Looked looked = look_at(std::move(matching), host);
    // A verb must not leave out a service without a word.
    if (looked.not_asked > 0)
        return {.fault = Error{ExitCode::timeout, "find services like", pattern,
                               std::to_string(looked.not_asked) + " of them could not be asked; name the services"}};
    if (!looked.running.empty()) return {.places = std::move(looked.running)};
    std::string reason = "no running service matches";
    if (others > 0) reason += "; --all-users includes those of other users";
    return none({ExitCode::usage, "find services like", pattern, reason});
}

Meant find_target(const std::string& target, const std::vector<Place>& known, bool all_users, const os::Host& host) {
    if (target.find('/') != std::string::npos) {
        auto place = place_at(target, known, host);
        if (!place) return {.fault = place.error(), .is_unknown = place.error().exit_code == ExitCode::usage};
        return {.places = {*std::move(place)}};
    }
    if (is_pattern(target)) return find_by_pattern(target, known, all_users, host);
    return find_by_name(target, known, host);
}

}  // namespace servicekit::servicectl
