#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "servicectl/places.hpp"
#include "servicectl/watch/background.hpp"
#include "servicectl/web/charts.hpp"
#include "servicectl/web/close_watch.hpp"
#include "servicectl/web/service_lines.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// What is known about a service whose page is open.
class OpenService {
public:
    static constexpr std::size_t most_lines = 500;
    /// Most lines in one message of the log. A browser that is slow, or a service that is fast, skips the others.
    static constexpr std::size_t most_lines_at_once = 200;
    static constexpr std::size_t most_bytes_at_once = std::size_t{256} << 10U;

    OpenService(const Place& place, pid_t pid) : place_{place}, pid_{pid} {}

    [[nodiscard]] const Place& place() const noexcept { return place_; }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    void take(ServiceNews news);
    /// Returns true if each question was asked once.
    [[nodiscard]] bool is_known() const noexcept { return is_known_; }
    /// Changes with each news except new lines of the log.
    [[nodiscard]] std::size_t version() const noexcept { return version_; }
    void change() noexcept { ++version_; }

    /// Fills what it knows. \param why_not why no event is offered; empty if they are
    void fill(ServiceView& view, const std::string& why_not) const;
    /// Returns the event's parameters as `events` reports them; null if it does not have the event.
    [[nodiscard]] const Value::List* parameters_of(const std::string& event) const;
    [[nodiscard]] std::vector<EventForm> forms(const std::string& why_not) const;

    /// Returns the last lines, with at most most_bytes_at_once.
    [[nodiscard]] std::vector<std::string> log() const { return last_lines(log_.size()); }
    /// Returns the number of lines of the log so far.
    [[nodiscard]] std::uint64_t log_end() const noexcept { return log_end_; }
    struct Lines {
        std::vector<std::string> lines = {};
        std::size_t skipped = 0;  ///< before these
    };
    /// Returns the lines from this number on.
    [[nodiscard]] Lines log_from(std::uint64_t position) const;

    /// The unit of systemd that runs the process, and why it cannot restart it; empty if it can.
    Unit unit = {};
    std::string why_no_restart = "looking for its unit";
    std::chrono::steady_clock::time_point used{};  ///< when its page was asked for, or a message of it was sent
    std::size_t feeds = 0;                         ///< streams of its page
    std::unique_ptr<Background> work;

private:
    /// Returns at most this many lines, and fewer if they have too many bytes.
    [[nodiscard]] std::vector<std::string> last_lines(std::size_t most) const;

    Place place_;
    pid_t pid_;
    bool is_known_ = false;
    std::size_t version_ = 1;
    Learned<Object> events_{.reason = "asking"};
    Learned<std::vector<SettingRow>> settings_{.reason = "asking"};
    Learned<std::vector<CrashRow>> crashes_{.reason = "asking"};
    std::string metrics_reason_ = "asking";
    std::string log_reason_;
    std::string log_level_;
    Charts charts_;
    std::deque<std::string> log_;
    std::uint64_t log_end_ = 0;
};

}  // namespace servicekit::servicectl::web
