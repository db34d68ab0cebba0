#include "core/metrics_report.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "base/log_level_names.hpp"
#include "servicekit/base/version.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit {
namespace {

using Kind = MetricFamily::Kind;
using Number = decltype(MetricFamily::Series::number);
using Seconds = std::chrono::duration<double>;

MetricFamily one(std::string name, std::string help, Kind kind, Number number, std::string unit = {}) {
    return {.name = std::move(name),
            .help = std::move(help),
            .unit = std::move(unit),
            .kind = kind,
            .series = {{.number = std::move(number)}}};
}

}  // namespace

std::vector<MetricFamily> MetricsReport::collect() const {
    Families families = application_.collect();
    auto counted = library_.collect();
    std::move(counted.begin(), counted.end(), std::back_inserter(families));
    add_work(families);
    add_log(families);
    add_build(families);
    add_process(families);
    return families;
}

void MetricsReport::add_work(Families& families) const {
    families.push_back(
        one("servicekit_events_waiting", "events that wait for their turn", Kind::gauge, std::uint64_t{queue_.size()}));
    families.push_back(one("servicekit_events_running", "requested events that run, or that are answered later",
                           Kind::gauge, std::uint64_t{runs_.size()}));
}

void MetricsReport::add_log(Families& families) const {
    MetricFamily lines{.name = "servicekit_log_lines",
                       .help = "lines that the program and the library have logged",
                       .kind = Kind::counter,
                       .labels = {"level"}};
    for (std::size_t i = 0; i < log_level_names.size(); ++i)
        lines.series.push_back({{std::string{log_level_names.at(i)}}, log_router_.lines(static_cast<LogLevel>(i))});
    families.push_back(std::move(lines));
}

void MetricsReport::add_build(Families& families) const {
    families.push_back({.name = "servicekit_build_info",
                        .help = "the version of the program and of the library; always 1",
                        .labels = {"version", "servicekit_version"},
                        .series = {{{instance_.options.version, std::string{library_version}}, std::uint64_t{1}}}});
    const Object lock = policies_.lock.status_fields();
    if (std::string role = lock.get<std::string>("role", {}); !role.empty())
        families.push_back({.name = "servicekit_lock_role",
                            .help = "the role of this instance among those that share a lock; always 1",
                            .labels = {"role"},
                            .series = {{{std::move(role)}, std::uint64_t{1}}}});
}

void MetricsReport::add_process(Families& families) const {
    // The help texts are those of other programs: node_exporter refuses others in a metrics file.
    const auto add_gauge = [&](const char* name, const char* help, Number number, const char* unit = "") {
        families.push_back(one(name, help, Kind::gauge, std::move(number), unit));
    };
    if (const auto usage = host_.processes->usage_of(host_.process->id())) {
        families.push_back(one("process_cpu_seconds", "Total user and system CPU time spent in seconds.", Kind::counter,
                               Seconds{usage->cpu}.count(), "seconds"));
        add_gauge("process_resident_memory_bytes", "Resident memory size in bytes.", usage->memory, "bytes");
        add_gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", usage->virtual_memory, "bytes");
        add_gauge("process_threads", "Number of OS threads in the process.", usage->threads);
    }
    // The list has the descriptor that reads it.
    if (const auto open = host_.files->list("/proc/self/fd"); open && !open->empty())
        add_gauge("process_open_fds", "Number of open file descriptors.", std::uint64_t{open->size() - 1});
    add_gauge("process_max_fds", "Maximum number of open file descriptors.",
              std::uint64_t{host_.process->descriptor_limit()});
    const Seconds started = instance_.started_at_system.time_since_epoch();
    add_gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", started.count(),
              "seconds");
}

}  // namespace servicekit
