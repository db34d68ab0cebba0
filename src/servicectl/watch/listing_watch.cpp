#include "servicectl/watch/listing_watch.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>

#include "cli/text.hpp"
#include "servicectl/survey.hpp"

namespace servicekit::servicectl {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t longest_text = 400;

Value with_short_text(const Value& value) {
    if (value.is_string()) return std::string{cli::cut(value.as_string(), longest_text)};
    if (value.is_object()) return with_short_texts(value.as_object());
    if (!value.is_list()) return value;
    Value::List items;
    for (const Value& item : value.as_list()) items.push_back(with_short_text(item));
    return items;
}

/// Returns the number of values in a value, itself included, and counts each started 16 bytes of text as one.
std::size_t weight_of(const Value& value) {
    constexpr std::size_t bytes_of_one = 16;
    std::size_t weight = 1;
    if (value.is_string()) weight += value.as_string().size() / bytes_of_one;
    if (value.is_list())
        for (const Value& item : value.as_list()) weight += weight_of(item);
    if (value.is_object())
        for (const auto& [key, member] : value.as_object()) weight += weight_of(member) + key.size() / bytes_of_one;
    return weight;
}

/// Shortens what other users report. It is kept from one listing to the next, and one user may have hundreds of
/// services.
void shorten_what_others_report(Listing& listing, const os::Host& host) {
    constexpr std::size_t most = 4096;
    for (ListedService& service : listing.services) {
        if (!is_of_another_user(service.place, host)) continue;
        service.fields = with_short_texts(service.fields);
        const bool is_long = weight_of(service.finding.status) > most;
        service.finding.status = with_short_texts(is_long ? Object{{"state", state_in_words(service.finding)}}
                                                          : std::exchange(service.finding.status, {}));
        if (is_long) service.fields.set("reason", "its status is too long to be shown here");
    }
}

}  // namespace

Object with_short_texts(const Object& reply) {
    Object copy;
    for (const auto& [key, value] : reply) copy.set(std::string{cli::cut(key, longest_text)}, with_short_text(value));
    return copy;
}

TimedListing list_now(const ListingScope& scope, const os::Host& host, const std::stop_token& stop) {
    TimedListing listing;
    try {
        listing.listing = list_services(scope, host, stop);
        shorten_what_others_report(listing.listing, host);
    } catch (const std::exception& error) {
        listing.failure = error.what();
    }
    listing.measured = host.clock->steady_now();
    listing.answered = host.clock->system_now();
    return listing;
}

Background::Work list_at_intervals(ListingScope scope, milliseconds interval, os::Host host,
                                   std::function<void(TimedListing)> deliver) {
    return [scope = std::move(scope), interval, host = std::move(host),
            deliver = std::move(deliver)](const std::stop_token& stop) {
        constexpr milliseconds shortest_pause{50};
        const auto begin = host.clock->steady_now();
        TimedListing listing = list_now(scope, host, stop);
        const auto end = listing.measured;
        if (!stop.stop_requested()) deliver(std::move(listing));
        return std::max(std::chrono::duration_cast<milliseconds>(begin + interval - end), shortest_pause);
    };
}

}  // namespace servicekit::servicectl
