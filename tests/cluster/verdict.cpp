#include "cluster/verdict.hpp"

#include <algorithm>
#include <map>

namespace servicekit::test {
namespace {

std::string in_words(const Activity& activity) {
    return "writer " + std::to_string(activity.writer) + " (pid " + std::to_string(activity.pid) + ") with token " +
           std::to_string(activity.token) + " from " + std::to_string(activity.first) + " to " +
           std::to_string(activity.last);
}

}  // namespace

Verdict judge(const Witness& witness) {
    Verdict verdict;
    const std::uint64_t count = witness.count();
    if (count > Witness::capacity) verdict.violations.emplace_back("the file is full: not all stamps are in it");
    std::map<std::uint64_t, Activity> by_token;
    for (std::uint64_t index = 0; index < std::min(count, Witness::capacity); ++index) {
        const Stamp& stamp = witness.stamp(index);
        const std::uint64_t token = stamp.token.load(std::memory_order_acquire);
        if (token == 0) {
            // Its writer was killed, or had no token.
            if (stamp.time != 0 && stamp.kind == Stamp::Kind::start)
                verdict.violations.push_back("a start without a token of writer " + std::to_string(stamp.writer));
            continue;
        }
        ++verdict.stamps;
        const auto [place, is_new] = by_token.try_emplace(token);
        Activity& activity = place->second;
        if (is_new) activity = {token, stamp.time, stamp.time, stamp.writer, stamp.pid, 0};
        if (activity.pid != stamp.pid)
            verdict.violations.push_back("pid " + std::to_string(stamp.pid) + " has the same token as " +
                                         in_words(activity));
        activity.first = std::min(activity.first, stamp.time);
        activity.last = std::max(activity.last, stamp.time);
        ++activity.stamps;
    }
    for (const auto& [token, activity] : by_token) verdict.activities.push_back(activity);
    std::sort(verdict.activities.begin(), verdict.activities.end(),
              [](const Activity& a, const Activity& b) { return a.first < b.first; });
    std::size_t longest = 0;  // the one that lasts longest of those before
    for (std::size_t i = 1; i < verdict.activities.size(); ++i) {
        const Activity& earlier = verdict.activities[i - 1];
        const Activity& later = verdict.activities[i];
        if (earlier.last > verdict.activities[longest].last) longest = i - 1;
        const std::chrono::nanoseconds gap{later.first - verdict.activities[longest].last};
        if (gap.count() <= 0)
            verdict.violations.push_back("two are active: " + in_words(verdict.activities[longest]) + "; " +
                                         in_words(later));
        if (later.token <= earlier.token)
            verdict.violations.push_back("a smaller token follows: " + in_words(earlier) + "; " + in_words(later));
        verdict.smallest_gap = i == 1 ? gap : std::min(verdict.smallest_gap, gap);
    }
    return verdict;
}

}  // namespace servicekit::test
