#include "servicectl/web/observation.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "servicectl/survey.hpp"
#include "servicectl/watch/listing_watch.hpp"

namespace servicekit::servicectl::web {
namespace {

using std::chrono::milliseconds;
using State = Finding::State;

/// About 30 MiB as values, for one service of this user or root at a time.
constexpr std::size_t longest_metrics = std::size_t{1} << 20U;
constexpr std::size_t longest_metrics_of_others = std::size_t{64} << 10U;
constexpr std::size_t most_series = 20'000;
constexpr std::size_t most_series_of_others = 1'000;

bool is_others(const ListedService& service, const os::Host& host) { return is_of_another_user(service.place, host); }

std::string identity_of(const ListedService& service) { return ServiceRow{service}.identity(); }

/// Asks the services that have just answered for their metrics. Neither the survey nor this keeps a reply.
std::vector<Finding> ask_metrics(const std::vector<const ListedService*>& services, milliseconds at_most,
                                 const os::Host& host, const std::stop_token& stop,
                                 std::function<void(std::size_t, Object)> take) {
    std::vector<Place> places;
    for (const ListedService* service : services) places.push_back(service->place);
    return survey(places, at_most, host,
                  {.event = "metrics",
                   .stop = stop,
                   .longest = longest_metrics,
                   .longest_of_others = longest_metrics_of_others,
                   .on_reply = std::move(take)});
}

std::vector<const ListedService*> those_that_answer(const Listing& listing) {
    std::vector<const ListedService*> answering;
    for (const ListedService& service : listing.services)
        if (service.finding.state == State::answers) answering.push_back(&service);
    return answering;
}

/// Returns the sum of the series of servicekit_requests; nothing if the reply has none.
std::optional<double> requests_in(const Object& reply) {
    const Value* const families = reply.find("metrics");
    if (families == nullptr || !families->is_list()) return std::nullopt;
    for (const Value& family : families->as_list()) {
        if (!family.is_object() || family.as_object().get<std::string>("name", {}) != "servicekit_requests") continue;
        const Value* const series = family.as_object().find("series");
        if (series == nullptr || !series->is_list()) return std::nullopt;
        double sum = 0;
        for (const Value& one : series->as_list())
            if (one.is_object()) sum += one.as_object().get<double>("value", 0);
        return sum;
    }
    return std::nullopt;
}

std::optional<bool> is_up(const Finding& finding) {
    if (finding.state == State::on_demand || finding.state == State::not_asked) return std::nullopt;
    return is_running(finding) && finding.state != State::hung;
}

std::optional<bool> is_ready(const Object& fields) {
    const std::string health = fields.get<std::string>("health", {});
    return health.empty() ? std::nullopt : std::optional{health == "ready"};
}

}  // namespace

Background::Work observe_at_intervals(ListingScope scope, milliseconds interval,
                                      std::shared_ptr<const Attention> attention, os::Host host,
                                      std::function<void(Observation)> deliver) {
    return [scope = std::move(scope), interval, attention = std::move(attention), host = std::move(host),
            deliver = std::move(deliver)](const std::stop_token& stop) {
        constexpr milliseconds shortest_pause{50};
        constexpr std::chrono::hours until_hurried{1};
        const auto begin = host.clock->steady_now();
        if (!attention->lasts(begin)) return milliseconds{until_hurried};
        Observation observation{.begun = begin, .listing = list_now(scope, host, stop)};
        const Listing& listing = observation.listing.listing;
        const auto answering = those_that_answer(listing);
        try {
            static_cast<void>(
                ask_metrics(answering, scope.timeout, host, stop, [&](std::size_t i, const Object& reply) {
                    if (const auto requests = requests_in(reply))
                        observation.requests[identity_of(*answering[i])] = *requests;
                }));
        } catch (const std::exception& error) {
            observation.listing.failure = error.what();
        }
        if (!stop.stop_requested()) deliver(std::move(observation));
        const auto end = host.clock->steady_now();
        return std::max(std::chrono::duration_cast<milliseconds>(begin + interval - end), shortest_pause);
    };
}

Scrape scrape(const ListingScope& scope, const os::Host& host, const std::stop_token& stop) {
    Scrape result;
    const auto begin = host.clock->steady_now();
    try {
        const Listing listing = list_services(scope, host, stop);
        std::map<const ListedService*, std::size_t> places;
        for (const ListedService& service : listing.services) {
            places[&service] = result.services.size();
            const bool others = is_others(service, host);
            result.services.push_back(
                {.name = service.place.name(),
                 .user = others ? service.fields.get<std::string>("user", "unknown") : std::string{},
                 .control_socket = service.place.paths.control_socket,
                 .is_up = is_up(service.finding),
                 .is_ready = is_ready(service.fields),
                 .state = state_in_words(service.finding)});
            if (service.finding.has_replied) result.asked.push_back(identity_of(service));
        }
        const auto answering = those_that_answer(listing);
        const auto findings =
            ask_metrics(answering, scope.timeout, host, stop, [&](std::size_t i, const Object& reply) {
                const ListedService& service = *answering[i];
                ScrapedService& scraped = result.services[places.at(&service)];
                auto families = bounded_families(reply, is_others(service, host) ? most_series_of_others : most_series);
                if (families)
                    scraped.families = *std::move(families);
                else
                    scraped.fault = "invalid";
            });
        for (std::size_t i = 0; i < findings.size(); ++i) {
            ScrapedService& scraped = result.services[places.at(answering[i])];
            if (findings[i].has_replied) result.asked.push_back(identity_of(*answering[i]));
            if (findings[i].state == State::too_long) scraped.fault = "too-long";
        }
    } catch (const std::exception& error) {
        result.failure = error.what();
    }
    result.seconds = std::chrono::duration<double>(host.clock->steady_now() - begin).count();
    return result;
}

}  // namespace servicekit::servicectl::web
