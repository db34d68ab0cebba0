#include "cli/listed_event.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "base/names.hpp"
#include "base/parse_number.hpp"
#include "cli/text.hpp"

namespace servicekit::cli {
namespace {

struct Candidate {
    ListedEvent listed;
    std::string in_words;  ///< for example "7 (runs for 3s)"
};

void add_candidates(std::vector<Candidate>& listed_events, const Object& status, const char* list,
                    const std::string& state) {
    const Value* const listed = status.find(list);
    if (listed == nullptr || !listed->is_list()) return;
    for (const Value& value : listed->as_list()) {
        if (!value.is_object()) continue;
        const Object& fields = value.as_object();
        const auto id = fields.get<std::int64_t>("id", 0);
        const std::chrono::seconds time{fields.get<std::int64_t>("seconds", 0)};
        listed_events.push_back({{id, fields.get<std::string>("event", {})},
                                 std::to_string(id) + " (" + state + " for " + short_duration(time) + ")"});
    }
}

Error refuse(const std::string& name, std::string reason) {
    return {ExitCode::usage, "follow the event", name, std::move(reason)};
}

}  // namespace

Result<ListedEvent> find_listed(const Object& status, const std::string& name_or_id) {
    std::vector<Candidate> listed_events;
    add_candidates(listed_events, status, "runs", "runs");
    add_candidates(listed_events, status, "queue", "waits");
    std::vector<Candidate> named;
    std::copy_if(listed_events.begin(), listed_events.end(), std::back_inserter(named),
                 [&](const Candidate& candidate) { return candidate.listed.event == name_or_id; });
    if (named.empty()) {
        // `status` lists only some of many, so the service decides whether there is an event of this id.
        const auto found = std::find_if(listed_events.begin(), listed_events.end(), [&](const Candidate& candidate) {
            return std::to_string(candidate.listed.id) == name_or_id;
        });
        if (found != listed_events.end()) return found->listed;
        if (const auto id = parse_number<std::int64_t>(name_or_id)) return ListedEvent{*id, "event " + name_or_id};
        std::vector<std::string_view> names;
        for (const Candidate& candidate : listed_events) names.push_back(candidate.listed.event);
        return refuse(name_or_id, "it neither waits nor runs" + did_you_mean(name_or_id, names));
    }
    if (named.size() == 1) return named.front().listed;
    std::string ids;
    for (const Candidate& candidate : named) ids += (ids.empty() ? "" : ", ") + candidate.in_words;
    return refuse(name_or_id, "there are several; give an id: " + ids);
}

}  // namespace servicekit::cli
