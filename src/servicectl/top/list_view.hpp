#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "servicectl/top/line_window.hpp"
#include "servicectl/top/screen.hpp"
#include "servicectl/watch/service_table.hpp"

namespace servicekit::servicectl::top {

/// What a key asks for, beyond a change of what the view itself shows.
enum class Wish {
    nothing,
    quit,
    refresh,       ///< ask the services now
    open_details,  ///< of the selected service
    open_help,
    go_back,  ///< to the view before
};

/// The list of services with its header.
class ListView {
public:
    explicit ListView(std::chrono::milliseconds interval) : interval_{interval} {}

    [[nodiscard]] ServiceTable& table() noexcept { return table_; }
    Wish take(const Key& key);
    /// Returns the lines for a screen of this size. Scrolls so that the selected service is on it.
    [[nodiscard]] Page page(Size size, const Width& width);

private:
    Wish take_in_search(const Key& key);
    Wish take_letter(char letter);
    bool move(const Key& key);
    [[nodiscard]] Line summary() const;
    [[nodiscard]] Line order_and_filter() const;
    [[nodiscard]] Line prompt() const;
    [[nodiscard]] Line footer() const;
    void add_table(Page& page, std::size_t rows, Size size, const Width& width);

    std::chrono::milliseconds interval_;
    ServiceTable table_;
    bool is_searching_ = false;
    std::size_t first_ = 0;         ///< index of the first row on the screen
    std::size_t rows_on_page_ = 1;  ///< of the last page
    std::size_t skipped_ = 0;       ///< columns that are scrolled out on the left
};

}  // namespace servicekit::servicectl::top
