#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicectl/top/line_window.hpp"
#include "servicectl/top/list_view.hpp"
#include "servicectl/top/screen.hpp"
#include "servicectl/watch/service_table.hpp"

namespace servicekit::servicectl::top {

/// What was found out about a service since the last update.
struct DetailUpdate {
    std::optional<Object> events = {};        ///< the reply to `events`
    std::string events_reason = {};           ///< why there is none; empty: unchanged
    std::vector<std::string> log_lines = {};  ///< new lines of its log, not escaped
    std::string log_reason = {};              ///< why its log is not shown; empty: unchanged

    /// Adds a later update. Only the last log lines are kept, as many as a view has.
    void add(DetailUpdate later);
};

/// One service: its status, its events, what it is busy with, and the end of its log.
class DetailView {
public:
    /// \param log_file empty if it is unknown
    DetailView(ServiceRow row, std::string log_file);

    [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
    /// Takes the service as the last listing has it. \param row null if that does not have it any more
    void take(const ServiceRow* row);
    void take(DetailUpdate update);
    Wish take(const Key& key);
    [[nodiscard]] Page page(Size size, const Width& width);

private:
    enum class Pane { status, log };
    void describe();
    void scroll(Pane pane, std::ptrdiff_t lines);
    [[nodiscard]] Line title() const;
    [[nodiscard]] Line bar(Pane pane, std::string_view name, std::size_t first, std::size_t shown,
                           std::size_t all) const;
    void add_status(Page& page, std::size_t rows, Size size, const Width& width);
    void add_log(Page& page, std::size_t rows, Size size, const Width& width);

    ServiceRow row_;
    std::string identity_;
    std::string log_file_;
    bool is_gone_ = false;
    std::optional<Object> events_;
    std::string events_reason_ = "asking";
    std::string log_reason_ = "reading";
    std::deque<std::string> log_;  ///< escaped
    struct Described {
        Line line;
        bool is_title = false;  ///< it does not scroll to the side
    };
    std::vector<Described> description_;  ///< status and events
    Pane pane_ = Pane::status;            ///< the one that keys scroll
    std::size_t status_first_ = 0;        ///< index of the first line of the description on the screen
    std::size_t log_after_ = 0;           ///< number of log lines below the screen
    std::size_t status_skipped_ = 0;      ///< columns that are scrolled out on the left
    std::size_t log_skipped_ = 0;
    std::size_t rows_of_status_ = 1;  ///< of the last page
    std::size_t rows_of_log_ = 1;
};

}  // namespace servicekit::servicectl::top
