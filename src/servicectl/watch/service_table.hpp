#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "servicectl/listing.hpp"

namespace servicekit::servicectl {

enum class SortKey { name, state, cpu, memory, uptime, busy };

/// Returns for example "busy time".
[[nodiscard]] std::string_view sort_key_in_words(SortKey key) noexcept;
/// Returns the header of the column by which the key sorts.
[[nodiscard]] std::string_view sorted_column(SortKey key) noexcept;

/// A listing and when it was made.
struct TimedListing {
    Listing listing = {};
    std::chrono::steady_clock::time_point measured = {};  ///< when the processor times were read
    std::chrono::system_clock::time_point answered = {};  ///< the same, for people
    std::string failure = {};                             ///< why there is none; empty if there is one
};

/// One service of the table.
struct ServiceRow {
    ListedService service;
    std::optional<double> cpu = {};  ///< percent of one processor since the last listing; nothing if that is unknown

    /// Returns what tells a service from all others, whatever their names are.
    [[nodiscard]] std::string identity() const;
    /// Returns the cells below list_header(), as list_cells() does, with CPU in percent.
    [[nodiscard]] std::vector<std::string> cells(bool has_roles) const;
};

struct ServiceCounts {
    std::size_t all = 0;
    std::size_t running = 0;  ///< without those that are hung
    std::size_t hung = 0;
    std::size_t dead = 0;
};

/// The services that the user sees: sorted and filtered, one of them selected. The selection stays on its service when
/// the order changes. If the service is gone, the one that takes its row is selected.
class ServiceTable {
public:
    void take(TimedListing now);

    /// Sorts by the key: names and states from the first, numbers from the largest.
    void sort_by(SortKey key);
    void reverse();
    /// Shows only the services whose names contain the text, in upper or lower case. An empty one shows all.
    void set_filter(std::string text);

    /// Moves the selection down, or up if `rows` is negative, as far as possible.
    void move(std::ptrdiff_t rows);

    [[nodiscard]] bool has_listing() const noexcept { return has_listing_; }
    [[nodiscard]] SortKey sort_key() const noexcept { return key_; }
    [[nodiscard]] bool is_reversed() const noexcept { return is_reversed_; }
    [[nodiscard]] const std::string& filter() const noexcept { return filter_; }
    [[nodiscard]] std::chrono::system_clock::time_point answered() const noexcept { return answered_; }
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    [[nodiscard]] std::size_t not_asked() const noexcept { return not_asked_; }
    /// Counts all services, whatever the filter is.
    [[nodiscard]] ServiceCounts counts() const noexcept;
    [[nodiscard]] bool has_roles() const noexcept { return has_roles_; }

    /// Returns the rows that the filter lets through, in their order.
    [[nodiscard]] const std::vector<const ServiceRow*>& shown() const noexcept { return shown_; }
    /// Returns the index of the selected row; 0 if there are no rows.
    [[nodiscard]] std::size_t selected_index() const noexcept { return selected_; }
    /// \returns null if there are no rows
    [[nodiscard]] const ServiceRow* selected() const noexcept;
    /// \returns null if the listing does not have it
    [[nodiscard]] const ServiceRow* find(std::string_view identity) const noexcept;

private:
    struct Used {
        pid_t pid = 0;
        std::chrono::milliseconds cpu{0};
    };
    void arrange();
    [[nodiscard]] bool comes_before(const ServiceRow& one, const ServiceRow& other) const;

    std::vector<ServiceRow> rows_;
    std::vector<const ServiceRow*> shown_;
    std::map<std::string, Used> used_;  ///< by identity
    std::chrono::steady_clock::time_point measured_{};
    std::chrono::system_clock::time_point answered_{};
    std::string failure_;
    std::size_t not_asked_ = 0;
    bool has_listing_ = false;
    bool has_roles_ = false;
    SortKey key_ = SortKey::name;
    bool is_reversed_ = false;
    std::string filter_;
    std::string selected_identity_;
    std::size_t selected_ = 0;
};

}  // namespace servicekit::servicectl
