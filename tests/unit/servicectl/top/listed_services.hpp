#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicectl/watch/service_table.hpp"

namespace servicekit::servicectl::top {

/// What a listing has about one service.
struct ServiceSample {
    std::string name;
    Finding::State state = Finding::State::answers;
    std::uint64_t memory = 0;
    std::chrono::milliseconds cpu{0};
    std::int64_t uptime = 0;
    std::optional<std::int64_t> busy = {};
    std::string version = "1.0";
    pid_t pid = 100;
};

inline ListedService listed(const ServiceSample& sample) {
    ListedService service;
    service.place.paths.name = sample.name;
    service.place.paths.control_socket = "/run/" + sample.name + ".control";
    service.place.paths.pid_file = "/run/" + sample.name + ".pid";
    service.finding.state = sample.state;
    service.finding.pid = sample.pid;
    service.finding.usage = os::ProcessUsage{.memory = sample.memory, .cpu = sample.cpu};
    service.fields = {{"name", sample.name}, {"uptime", sample.uptime}, {"version", sample.version}};
    if (sample.state == Finding::State::answers)
        service.finding.status = {{"name", sample.name}, {"state", "running"}, {"version", sample.version}};
    service.fields.set("state", state_in_words(service.finding));
    if (sample.busy) service.fields.set("busy", Object{{"event", "backup"}, {"seconds", *sample.busy}});
    return service;
}

/// \param second when the listing was made
inline TimedListing listing_of(const std::vector<ServiceSample>& samples, int second = 0) {
    TimedListing timed;
    for (const ServiceSample& sample : samples) timed.listing.services.push_back(listed(sample));
    timed.measured = std::chrono::steady_clock::time_point{std::chrono::seconds{second}};
    timed.answered = std::chrono::system_clock::time_point{std::chrono::seconds{second}};
    return timed;
}

}  // namespace servicekit::servicectl::top
