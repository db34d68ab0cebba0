#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "servicectl/top/detail_view.hpp"
#include "servicectl/watch/service_table.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::servicectl::top {

/// What other threads have for the thread of the screen. They put it in, which wakes that thread.
class Inbox {
public:
    struct Contents {
        bool has_input = false;
        std::vector<int> signals = {};
        std::optional<TimedListing> listing = {};  ///< the last one
        std::optional<DetailUpdate> detail = {};   ///< all that came for the last view
        std::uint64_t view = 0;                    ///< the number of that view
    };

    explicit Inbox(std::unique_ptr<os::Parking> parking) : parking_{std::move(parking)} {}

    void put_input() {
        change([](Contents& contents) { contents.has_input = true; });
    }
    void put_signal(int number) {
        change([number](Contents& contents) { contents.signals.push_back(number); });
    }
    void put(TimedListing listing) {
        change([&listing](Contents& contents) { contents.listing = std::move(listing); });
    }
    void put(std::uint64_t view, DetailUpdate update) {
        change([&](Contents& contents) {
            if (!contents.detail || contents.view != view) {
                // What comes late from a view that is closed must not replace that of a newer one.
                if (contents.detail && contents.view > view) return;
                contents.detail.emplace();
                contents.view = view;
            }
            contents.detail->add(std::move(update));
        });
    }

    /// Waits until there is something. For one thread.
    [[nodiscard]] Contents wait() {
        parking_->park();
        const std::lock_guard lock{mutex_};
        return std::exchange(contents_, {});
    }

private:
    template <typename Change>
    void change(const Change& change) {
        {
            const std::lock_guard lock{mutex_};
            change(contents_);
        }
        parking_->unpark();
    }

    std::mutex mutex_;
    Contents contents_;
    std::unique_ptr<os::Parking> parking_;
};

}  // namespace servicekit::servicectl::top
