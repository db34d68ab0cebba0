#include "cli/progress_pace.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "cli/text.hpp"

namespace servicekit::cli {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

constexpr auto window = 20s;
/// Two reports that are kept have at least this distance.
constexpr auto shortest_distance = 250ms;
/// A rate over a shorter time changes too much to be read.
constexpr auto shortest_time = 1s;
constexpr auto longest_left = std::chrono::hours{24} * 365;

std::string number_in_words(double number) {
    constexpr std::array suffixes{"", "k", "M", "G", "T", "P", "E"};
    constexpr double thousand = 1000;
    std::size_t suffix = 0;
    // What is rounded to 1000 has the next suffix.
    while (number >= thousand - 0.5 && suffix + 1 < suffixes.size()) {
        number /= thousand;
        ++suffix;
    }
    std::array<char, 32> text{};
    const int decimals = number < 9.95 ? 1 : 0;
    std::snprintf(text.data(), text.size(), "%.*f%s", decimals, number, suffixes.at(suffix));
    return text.data();
}

std::string rate_in_words(double per_second) {
    constexpr double minute = 60;
    const bool is_slow = per_second < 1;
    return number_in_words(is_slow ? per_second * minute : per_second) + (is_slow ? "/min" : "/s");
}

}  // namespace

void ProgressPace::note(const Progress& progress, Time now) {
    // Threads that report together may get a little out of order.
    const bool is_far_back =
        progress.done < done_ && !reports_.empty() &&
        (progress.done < reports_.front().done || done_ - progress.done > progress.done - reports_.front().done);
    if (progress.total != total_ || is_far_back) reports_.clear();
    total_ = progress.total;
    done_ = progress.done;
    if (reports_.empty() || now - reports_.back().time >= shortest_distance) reports_.push_back({now, done_});
    while (reports_.size() > 1 && now - reports_[1].time >= window) reports_.pop_front();
}

std::string ProgressPace::in_words(Time now) const {
    if (reports_.empty() || done_ <= reports_.front().done || now - reports_.front().time < shortest_time) return {};
    const double rate =
        static_cast<double>(done_ - reports_.front().done) / Seconds{now - reports_.front().time}.count();
    constexpr double slowest = 0.05 / 60;
    if (rate < slowest) return {};
    std::string text = rate_in_words(rate);
    if (total_ <= done_) return text;
    const Seconds left{std::ceil(static_cast<double>(total_ - done_) / rate)};
    if (left < longest_left)
        text += "  " + short_duration(std::chrono::duration_cast<std::chrono::seconds>(left)) + " left";
    return text;
}

}  // namespace servicekit::cli
