#include "servicectl/listing.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

#include "base/durations.hpp"
#include "base/escaped_text.hpp"
#include "cli/readiness.hpp"
#include "cli/text.hpp"
#include "servicectl/targets.hpp"

namespace servicekit::servicectl {
namespace {

using std::chrono::milliseconds;
using State = Finding::State;

/// A service decides what it reports, and the table has to fit on a screen.
constexpr std::size_t widest_cell = 24;

/// Returns the text of a cell. An escape has several characters, so the text is cut after it was escaped.
std::string cell(const std::string& text) {
    return text.empty() ? "-" : std::string{cli::cut(escaped(text), widest_cell)};
}

std::string in_tenths(std::uint64_t tenths, const char* unit) {
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " + unit;
}

std::string memory_in_words(std::uint64_t bytes) {
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
    return in_tenths(bytes * 10 / mebibyte, "MiB");
}

std::string cpu_in_words(milliseconds time) {
    const auto count = static_cast<std::uint64_t>(std::max<milliseconds::rep>(time.count(), 0));
    return in_tenths(count / 100, "s");
}

/// Returns "ready", "standby", "not ready", "hung" or "down"; empty if that is unknown.
std::string health_of(const Finding& finding) {
    switch (finding.state) {
        case State::answers:
            if (state_in_words(finding) == "standby") return "standby";
            return cli::obstacle_to_readiness(finding.status).empty() ? "ready" : "not ready";
        case State::hung:
            return "hung";
        case State::dead:
        case State::stopped:
            return "down";
        default:
            return {};
    }
}

class Names {
public:
    explicit Names(os::Users& users) : users_{users} {}
    const std::string& of(uid_t user) {
        const auto known = names_.find(user);
        if (known != names_.end()) return known->second;
        const auto found = users_.find_user(std::to_string(user));
        // A login name may consist of digits, too.
        const bool has_name = found && *found && (*found)->uid == user && !(*found)->name.empty();
        return names_.emplace(user, has_name ? (*found)->name : std::to_string(user)).first->second;
    }

private:
    os::Users& users_;
    std::map<uid_t, std::string> names_;
};

/// One service of the list.
Object describe(const Place& place, const Finding& finding, Names& names) {
    const Object& status = finding.status;
    const uid_t user = finding.user.value_or(place.owner);
    Object told{{"name", place.name()}, {"state", state_in_words(finding)}};
    if (std::string role = status.get<std::string>("role", {}); !role.empty()) told.append("role", std::move(role));
    if (finding.pid > 0) told.append("pid", finding.pid);
    if (user != no_id) {
        told.append("user", names.of(user));
        told.append("uid", user);
    }
    if (finding.state == State::answers) {
        told.append("uptime", status.get<std::int64_t>("uptime", 0));
        told.append("version", status.get<std::string>("version", {}));
    }
    Object busy = busy_with(status);
    std::string health = health_of(finding);
    if (!busy.empty()) told.append("busy", std::move(busy));
    if (finding.usage) {
        told.append("memory", finding.usage->memory);
        told.append("cpu", seconds_value(finding.usage->cpu));
    }
    if (!health.empty()) told.append("health", std::move(health));
    if (!finding.reason.empty()) told.append("reason", finding.reason);
    told.append("control-socket", place.paths.control_socket);
    told.append("pid-file", place.paths.pid_file);
    return told;
}

std::string text_of(const Object& service, const char* key) { return cell(service.get<std::string>(key, {})); }

/// Returns true if the socket is that of a service, as far as can be seen. Other programs may have a NAME.control, too.
bool is_service(const Place& place, const Finding& finding, os::Files& files) {
    if (finding.state == State::not_trusted) return false;
    if (finding.state == State::answers || finding.state == State::too_long || place.record) return true;
    const auto pid_file = files.status(place.paths.pid_file, os::Links::do_not_follow);
    return pid_file && pid_file->has_value();
}

bool is_wanted(const Place& place, const std::vector<std::string>& patterns) {
    return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                           [&](const std::string& pattern) { return matches(pattern, place.name()); });
}

}  // namespace

Listing list_services(const ListingScope& scope, const os::Host& host, const std::stop_token& stop) {
    std::vector<Place> places = find_places(host);
    std::erase_if(places, [&](const Place& place) { return !is_wanted(place, scope.patterns); });
    std::size_t of_others = 0;
    if (!scope.patterns.empty() && !scope.all_users)
        of_others = std::erase_if(places, [&](const Place& place) { return is_of_another_user(place, host); });
    std::vector<Finding> findings = survey(places, scope.timeout, host, {.stop = stop});

    Names names{*host.users};
    Listing listing{.of_others = of_others};
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (findings[i].state == State::stopped && !scope.all) continue;
        if (!is_service(places[i], findings[i], *host.files)) continue;
        if (findings[i].state == State::not_asked) ++listing.not_asked;
        Object fields = describe(places[i], findings[i], names);
        listing.services.push_back({std::move(places[i]), std::move(findings[i]), std::move(fields)});
    }
    return listing;
}

bool has_roles(const Listing& listing) noexcept {
    return std::any_of(listing.services.begin(), listing.services.end(),
                       [](const ListedService& service) { return service.fields.contains("role"); });
}

std::vector<std::string> list_header(bool has_roles) {
    std::vector<std::string> header{"NAME",    "STATE", "ROLE",   "PID", "USER",  "UPTIME",
                                    "VERSION", "BUSY",  "MEMORY", "CPU", "HEALTH"};
    if (!has_roles) header.erase(header.begin() + 2);
    return header;
}

std::vector<std::string> list_cells(const ListedService& listed, bool has_roles,
                                    const std::optional<std::string>& cpu) {
    const auto& [place, finding, service] = listed;
    std::vector<std::string> row{text_of(service, "name"), text_of(service, "state")};
    if (has_roles) row.push_back(text_of(service, "role"));
    row.push_back(finding.pid > 0 ? std::to_string(finding.pid) : "-");
    row.push_back(text_of(service, "user"));
    row.push_back(service.contains("uptime")
                      ? cli::short_duration(std::chrono::seconds{service.get<std::int64_t>("uptime")})
                      : "-");
    row.push_back(text_of(service, "version"));
    const Value* const busy = service.find("busy");
    row.push_back(busy == nullptr
                      ? "-"
                      : text_of(busy->as_object(), "event") + " " +
                            cli::short_duration(std::chrono::seconds{busy->as_object().get<std::int64_t>("seconds")}));
    row.push_back(finding.usage ? memory_in_words(finding.usage->memory) : "-");
    row.push_back(cpu ? *cpu : finding.usage ? cpu_in_words(finding.usage->cpu) : "-");
    row.push_back(text_of(service, "health"));
    return row;
}

}  // namespace servicekit::servicectl
