#pragma once

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <unordered_map>
#include <utility>

namespace servicekit {

/// Waiting items of several users, in the order in which one thread should take them.
///
/// Each round gives each user the same time. A user who has not waited lately precedes those who have used up their
/// time. A user with few items therefore hardly waits, however many the others have; this is the scheduling of RFC
/// 8290. The items of one user keep their order. For one thread at a time.
template <class Item>
class FairQueue {
public:
    using Time = std::chrono::nanoseconds;

    /// Position of a user who has not waited lately among all such users.
    enum class Place { last, first };

    /// \param per_round the time of each user
    explicit FairQueue(Time per_round) : per_round_{per_round} {}

    /// Changes nothing if it throws.
    void push(uid_t user, Item item, Place place) {
        const auto [entry, is_new] = users_.try_emplace(user);
        try {
            if (is_new) new_.insert(place == Place::first ? new_.begin() : new_.end(), user);
            entry->second.items.push_back(std::move(item));
        } catch (...) {
            if (is_new) forget(user);
            throw;
        }
        if (is_new) entry->second.left = per_round_;
        ++size_;
    }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// Does not throw. \pre it is not empty
    [[nodiscard]] Item pop() {
        for (;;) {
            auto& row = new_.empty() ? old_ : new_;
            const uid_t id = row.front();
            User& user = users_.find(id)->second;
            if (user.left > Time{0} && !user.items.empty()) {
                Item item = std::move(user.items.front());
                user.items.pop_front();
                --size_;
                return item;
            }
            if (user.left > Time{0} && &row == &old_) {
                row.pop_front();
                users_.erase(id);
                continue;
            }
            // A user without waiting items stays, too. As a new user it would be first again, without its debt.
            if (user.left <= Time{0}) user.left += per_round_;
            old_.splice(old_.end(), row, row.begin());
        }
    }

    /// Charges the user with the cost of its last item.
    void charge(uid_t user, Time cost) {
        const auto entry = users_.find(user);
        // Limits the debt: one costly item does not delay a user for more than this many rounds.
        if (entry != users_.end()) entry->second.left = std::max(entry->second.left - cost, -100 * per_round_);
    }

    void clear() noexcept {
        users_.clear();
        new_.clear();
        old_.clear();
        size_ = 0;
    }

private:
    struct User {
        std::deque<Item> items = {};
        Time left = {};  ///< left of this round
    };

    void forget(uid_t user) noexcept {
        new_.remove(user);
        users_.erase(user);
    }

    Time per_round_;
    std::size_t size_ = 0;  ///< items of all users
    std::unordered_map<uid_t, User> users_;
    std::list<uid_t> new_;  ///< users who have not waited lately
    std::list<uid_t> old_;  ///< the others; each user is in one of the two
};

}  // namespace servicekit
