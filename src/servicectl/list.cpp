#include "servicectl/list.hpp"

#include <chrono>
#include <utility>

#include "base/parse_number.hpp"
#include "cli/text.hpp"
#include "servicectl/listing.hpp"

namespace servicekit::servicectl {
namespace {

using std::chrono::milliseconds;

/// Returns a number of seconds up to a minute.
std::optional<milliseconds> duration_of(const std::string& text, milliseconds shortest) {
    constexpr double longest = 60;
    const auto seconds = parse_number<double>(text);
    if (!seconds || !(*seconds > 0) || *seconds > longest) return std::nullopt;
    const milliseconds duration{static_cast<milliseconds::rep>(*seconds * 1000)};
    return duration < shortest ? std::nullopt : std::optional{duration};
}

}  // namespace

std::optional<std::string> check_list(Command& command) {
    constexpr milliseconds shortest_interval{100};
    for (const auto& [name, text] : command.own_options) {
        if (name == "--all") {
            command.all = true;
            continue;
        }
        const bool is_timeout = name == "--timeout";
        const auto duration = duration_of(text, is_timeout ? milliseconds{0} : shortest_interval);
        if (!duration) {
            std::string fault = name;
            fault += is_timeout ? " takes a number of seconds up to 60" : " takes a number of seconds from 0.1 to 60";
            fault += ", not '";
            fault += text;
            return fault += "'";
        }
        (is_timeout ? command.timeout : command.interval) = *duration;
    }
    return std::nullopt;
}

std::optional<std::string> check_top(Command& command) {
    if (command.json) return "'top' has no JSON; 'servicectl list --json' has it";
    return check_list(command);
}

int list(const Command& command, cli::Console& console, const Tools& tools) {
    Listing listing = list_services(
        {.patterns = command.targets, .all = command.all, .all_users = command.all_users, .timeout = command.timeout},
        tools.host);
    if (listing.not_asked > 0)
        console.warn({ExitCode::timeout, "ask", std::to_string(listing.not_asked) + " services",
                      "the time was over, or there were too few descriptors"});
    for (const ListedService& service : listing.services)
        if (const auto newer = newer_protocol(service.finding))
            console.warn({ExitCode::usage, "understand all of", service.place.name(), *newer});
    if (console.uses_json()) {
        Value::List services;
        for (ListedService& service : listing.services) services.emplace_back(std::move(service.fields));
        console.print_json({{"services", std::move(services)}});
        return 0;
    }
    if (listing.services.empty()) {
        console.say(listing.of_others == 0 ? "no services run"
                                           : "no services run; --all-users includes those of other users");
        return 0;
    }
    const bool roles = has_roles(listing);
    std::vector<std::vector<std::string>> rows{list_header(roles)};
    for (const ListedService& service : listing.services) rows.push_back(list_cells(service, roles));
    console.print(cli::table(std::move(rows)));
    return 0;
}

}  // namespace servicekit::servicectl
