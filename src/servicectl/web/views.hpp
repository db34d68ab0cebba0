#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What the pages of `servicectl web` show. Nothing here is escaped: names, log lines, replies and texts are what services
// and clients made them. The pages escape all of it.

namespace servicekit::servicectl::web {

/// What every page shows.
struct Frame {
    std::string host = {};      ///< the name of this machine
    std::string user = {};      ///< the user whose rights actions have
    bool offers_login = false;  ///< a token is needed, so there is a button to log out
    bool may_act = false;       ///< this session may change services
    std::string why_not = {};   ///< why it may not, for example "read-only"; empty if it may
    std::string
        form_token;  ///< goes into each form, against requests that other sites forge; empty if may_act is false
    std::chrono::system_clock::time_point now = {};
};

/// A service in the list and at the head of its own page.
struct ServiceLine {
    std::string id = {};  ///< in its URLs: /services/ID; letters, digits, '-', '_' and '.' only
    std::string name = {};
    std::string state = {};   ///< as `servicectl list` prints it: "running", "hung", "dead", ...
    std::string reason = {};  ///< why there is no status; empty if there is one
    enum class Health { unknown, ready, not_ready };
    Health health = Health::unknown;
    std::string health_reason = {};  ///< why it is not ready
    bool is_running = false;
    std::optional<std::int64_t> pid = {};
    std::string user = {};
    std::optional<std::chrono::seconds> uptime = {};
    std::optional<std::uint64_t> memory = {};  ///< bytes
    std::optional<double> cpu = {};            ///< percent of one processor
    std::optional<double> requests = {};       ///< a second
    std::vector<double> request_history = {};  ///< a second, oldest first, for the sparkline; at most 60
    std::string busy = {};                     ///< the event that runs; empty if none does
    std::optional<double> busy_percent = {};
    std::string version = {};
};

struct ListView {
    Frame frame = {};
    std::vector<ServiceLine> services = {};  ///< sorted by name
    std::size_t of_others = 0;               ///< services of other users that are left out
    std::string failure = {};                ///< why there is no list
};

/// A parameter of an event: an input of its form.
struct ParameterField {
    std::string name = {};
    std::string type = {};  ///< as the event `events` reports it
    std::string help = {};
    bool is_required = false;
    bool is_secret = false;
    std::optional<std::string> default_value = {};
    std::optional<std::string> minimum = {};
    std::optional<std::string> maximum = {};
    std::vector<std::string> choices = {};  ///< empty: any value
};

struct EventForm {
    std::string name = {};
    std::string help = {};
    std::string role = {};  ///< that it needs
    std::vector<ParameterField> parameters = {};
    std::string why_not = {};  ///< why it is not offered, for example "needs the role owner"; empty if it is
};

struct SettingRow {
    std::string name = {};
    std::string value = {};   ///< secrets are already hidden
    std::string origin = {};  ///< for example "config file /etc/greeter.json", "default"
};

/// A series of a metric with its last values.
struct MetricChart {
    std::string name = {};  ///< with labels, for example servicekit_events_total{event="greet"}
    std::string help = {};
    std::string unit = {};             ///< empty: none
    bool is_rate = false;              ///< the values are changes a second of a counter
    std::vector<double> history = {};  ///< oldest first, at most 120
    double last = 0;                   ///< the last value as it was reported
};

struct CrashRow {
    std::string time = {};
    std::string summary = {};  ///< for example "SIGSEGV in the event 'greet'"
    std::string text = {};     ///< of the report, cut to 64 KiB
};

/// An event that a page of this server has requested.
struct RunView {
    std::string id = {};  ///< in its URL: /services/SERVICE/runs/ID
    std::string event = {};
    enum class State { waiting, running, done, failed };
    State state = State::waiting;
    std::optional<double> percent = {};
    std::string progress = {};            ///< the text of the last progress
    std::vector<std::string> items = {};  ///< of a stream, as JSON; the last 200
    std::string outcome = {};             ///< the reply as indented JSON, or the error message
    std::chrono::seconds age{0};
};

/// An action on a service.
struct Offer {
    std::string why_not = "not offered";  ///< empty: it is offered
    [[nodiscard]] bool is_offered() const noexcept { return why_not.empty(); }
};

struct ServiceView {
    Frame frame = {};
    ServiceLine line = {};
    std::vector<std::pair<std::string, std::string>> status = {};  ///< the other fields of its status, in their order
    std::vector<std::string> checks = {};                          ///< its health checks in words
    std::vector<EventForm> events = {};
    std::string events_reason = {};  ///< why there are none
    std::vector<SettingRow> settings = {};
    std::string settings_reason = {};
    std::vector<std::string> log = {};  ///< the last lines, oldest first
    std::string log_reason = {};
    std::vector<MetricChart> metrics = {};
    std::string metrics_reason = {};
    std::vector<CrashRow> crashes = {};
    std::string crashes_reason = {};
    std::vector<RunView> runs = {};  ///< newest first
    std::string log_level = {};
    std::vector<std::string> log_levels = {};
    Offer reload = {};
    Offer set_log_level = {};
    Offer stop = {};
    Offer restart = {};
    std::string unit = {};  ///< of systemd; empty: none runs it
};

}  // namespace servicekit::servicectl::web
