#include "core/metrics_report.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/log_level_names.hpp"
#include "base/parse_number.hpp"
#include "core/health_report.hpp"
#include "servicekit/base/version.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"
#include "servicekit/policy/log_policy.hpp"

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

/// A counter with one series for each value of a label.
MetricFamily by_label(std::string name, std::string help, std::string label,
                      const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
    MetricFamily family{
        .name = std::move(name), .help = std::move(help), .kind = Kind::counter, .labels = {std::move(label)}};
    for (const auto& [value, count] : counts) family.series.push_back({{value}, count});
    return family;
}

/// Returns the limit of the address space (RLIMIT_AS), in bytes: 2^64 if there is none, as the Go client of Prometheus
/// reports it. Nothing if /proc does not show it.
std::optional<double> virtual_memory_limit(os::Files& files) {
    constexpr std::size_t longest = 8192;
    constexpr std::string_view name = "Max address space";
    constexpr double unlimited = 18446744073709551616.0;
    const auto limits = files.read("/proc/self/limits", longest);
    const auto row = limits ? limits->find(name) : std::string::npos;
    if (row == std::string::npos) return std::nullopt;
    std::string_view value = std::string_view{*limits}.substr(row + name.size());
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    value = value.substr(0, value.find(' '));
    if (value == "unlimited") return unlimited;
    return parse_number<double>(value);
}

}  // namespace

std::vector<MetricFamily> MetricsReport::collect() const {
    Families families = application_.collect();
    auto counted = library_.collect();
    std::move(counted.begin(), counted.end(), std::back_inserter(families));
    add_health(families, health_checks_.results());
    add_work(families);
    add_connections(families);
    add_log(families);
    add_earlier_lives(families);
    add_build(families);
    add_role(families);
    add_process(families);
    return families;
}

void MetricsReport::add_work(Families& families) const {
    families.push_back(
        one("servicekit_events_waiting", "events that wait for their turn", Kind::gauge, std::uint64_t{queue_.size()}));
    families.push_back(one("servicekit_events_running", "requested events that run, or that are answered later",
                           Kind::gauge, std::uint64_t{runs_.size()}));
    families.push_back(one("servicekit_event_running_seconds", "how long the longest present run has taken so far",
                           Kind::gauge, Seconds{longest_run()}.count(), "seconds"));
}

std::chrono::steady_clock::duration MetricsReport::longest_run() const {
    const auto now = host_.clock->steady_now();
    auto earliest = now;
    if (const auto busy = runner_.busy()) earliest = std::min(earliest, busy->since);
    for (const EventRunner::Busy& busy : pool_.busy()) earliest = std::min(earliest, busy.since);
    // Those that are answered later have no thread.
    for (const auto& run : runs_.all()) earliest = std::min(earliest, run->began_at());
    return now - earliest;
}

void MetricsReport::add_log(Families& families) const {
    MetricFamily lines{.name = "servicekit_log_lines",
                       .help = "lines that the program and the library have logged",
                       .kind = Kind::counter,
                       .labels = {"level"}};
    for (std::size_t i = 0; i < log_level_names.size(); ++i)
        lines.series.push_back({{std::string{log_level_names.at(i)}}, log_router_.lines(static_cast<LogLevel>(i))});
    families.push_back(std::move(lines));

    const auto counts = policies_.log.counts();
    if (!counts) return;
    families.push_back(by_label("servicekit_log_lines_lost", "log lines that were lost", "reason",
                                {{"slow", counts->lost_slow + log_router_.lost_prints()},
                                 {"error", counts->lost_error},
                                 {"memory", counts->lost_no_memory},
                                 {"early", log_router_.lost_early()}}));
    if (counts->rotations)
        families.push_back(by_label("servicekit_log_rotations", "rotations of the log file by the service", "outcome",
                                    {{"done", counts->rotations->done}, {"failed", counts->rotations->failed}}));
}

void MetricsReport::add_connections(Families& families) const {
    const auto counts = policies_.control.counts();
    if (!counts) return;
    families.push_back(
        one("servicekit_connections", "connections of clients that are open", Kind::gauge, counts->open));
    families.push_back(one("servicekit_connections_accepted", "connections of clients that were accepted",
                           Kind::counter, counts->accepted));
    families.push_back(by_label("servicekit_connections_refused", "connections of clients that were refused", "reason",
                                {{"too-many", counts->refused_too_many}, {"no-files", counts->refused_no_files}}));
    families.push_back(
        one("servicekit_accept_errors", "attempts to accept connections that failed", Kind::counter, counts->failed));
}

void MetricsReport::add_earlier_lives(Families& families) const {
    const EarlierLives& earlier = instance_.earlier_lives;
    if (earlier.starts > 0) {
        families.push_back(one("servicekit_starts", "starts of the service, as far as its records go back",
                               Kind::counter, earlier.starts));
        families.push_back(one("servicekit_unclean_ends", "lives of the service that ended without a stop",
                               Kind::counter, earlier.unclean_ends));
    }
    if (earlier.last_stop)
        families.push_back(one("servicekit_last_stop_duration_seconds", "how long the stop of the last life took",
                               Kind::gauge, Seconds{*earlier.last_stop}.count(), "seconds"));
    if (earlier.crash_reports)
        families.push_back(one("servicekit_crash_reports", "crash reports that the start has found and kept",
                               Kind::gauge, std::uint64_t{*earlier.crash_reports}));
}

void MetricsReport::add_build(Families& families) const {
    families.push_back({.name = "servicekit_build_info",
                        .help = "the version of the program and of the library; always 1",
                        .labels = {"version", "servicekit_version"},
                        .series = {{{instance_.options.version, std::string{library_version}}, std::uint64_t{1}}}});
}

void MetricsReport::add_role(Families& families) const {
    // A lock with one level may report a role of its own.
    Object fields = policies_.lock.status_fields();
    if (!fields.contains("role")) candidacy_.add_fields(fields);
    if (candidacy_.has_standby())
        families.push_back(one("servicekit_active", "1 if this instance is the active one, 0 if it stands by",
                               Kind::gauge, std::uint64_t{candidacy_.is_active() ? 1U : 0U}));
    if (const auto token = candidacy_.has_standby() ? candidacy_.token() : std::nullopt)
        families.push_back(one("servicekit_lock_token", "the fencing token of this activity", Kind::gauge, *token));
    // A lock with a second level may report these.
    if (fields.contains("active-seconds-left"))
        families.push_back(one("servicekit_active_left_seconds",
                               "how long this instance stays active if the lock is not renewed", Kind::gauge,
                               fields.get<double>("active-seconds-left", 0), "seconds"));
    if (fields.contains("lease-seconds-left"))
        families.push_back(one("servicekit_lock_lease_left_seconds",
                               "how long the lease of this instance lasts at least if it is not renewed", Kind::gauge,
                               fields.get<double>("lease-seconds-left", 0), "seconds"));
    if (const Value* const active = fields.find("active"); active != nullptr && active->is_object()) {
        const Value* const pid = active->as_object().find("pid");
        families.push_back({.name = "servicekit_lock_active_info",
                            .help = "the active instance; always 1",
                            .labels = {"host", "pid"},
                            .series = {{{active->as_object().get<std::string>("host", {}),
                                         pid != nullptr && pid->is_integer() ? std::to_string(pid->as_integer()) : ""},
                                        std::uint64_t{1}}}});
    }
    if (const Value* const endpoints = fields.find("endpoints"); endpoints != nullptr && endpoints->is_list()) {
        const Value::List& list = endpoints->as_list();
        const auto answering = std::count_if(list.begin(), list.end(), [](const Value& endpoint) {
            return endpoint.is_object() && endpoint.as_object().get<std::string>("state", {}) == "ok";
        });
        families.push_back(one("servicekit_lock_endpoints_answering",
                               "servers that keep the lock and answered when they were last asked", Kind::gauge,
                               static_cast<std::uint64_t>(answering)));
    }
    if (std::string role = fields.get<std::string>("role", {}); !role.empty())
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
    if (const auto limit = virtual_memory_limit(*host_.files))
        add_gauge("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", *limit,
                  "bytes");
    const Seconds started = instance_.started_at_system.time_since_epoch();
    add_gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", started.count(),
              "seconds");
}

}  // namespace servicekit
