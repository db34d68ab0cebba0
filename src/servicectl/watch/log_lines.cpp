#include "servicectl/watch/log_lines.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "servicekit/policy/daemon_policy.hpp"

namespace servicekit::servicectl {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t lines_at_first = 200;
constexpr std::size_t longest_log_line = 2048;
/// Of a log that grows faster than it can be read, lines are shown as often.
constexpr milliseconds longest_read{100};
/// Lines that are collected before all except the last ones are dropped.
constexpr std::size_t most_lines_collected = 10'000;

}  // namespace

std::size_t keep_last_lines(std::vector<std::string>& lines) {
    const std::size_t removed = lines.size() - std::min(lines.size(), most_log_lines);
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(removed));
    return removed;
}

std::string log_file_of(const Place& place) { return place.record ? place.record->paths.log_file : std::string{}; }

std::string refuse_log(const Place& place, const os::Host& host) {
    const std::string shows = "'servicectl logs " + place.name() + "'";
    if (is_of_another_user(place, host)) return "the service belongs to another user; " + shows + " shows its log";
    if (!place.record) return "there is no record of its start, so its log file is not known";
    const std::string path = log_file_of(place);
    if (path.empty()) return "it has no log file; " + shows + " says more";
    if (path.front() != '/') return "the path of its log file is relative; " + shows + " shows it";
    if (os::named_descriptor(path)) return "'" + path + "' is a descriptor that only the service has";
    return {};
}

void LineCutter::add(std::string_view text, std::vector<std::string>& lines) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::size_t room = longest_log_line - std::min(begun_.size(), longest_log_line);
        begun_ += text.substr(0, std::min(end, room));
        if (end == text.size()) return;
        lines.push_back(std::exchange(begun_, {}));
        text.remove_prefix(end + 1);
    }
}

LogLines::Read LogLines::read(const std::stop_token& stop) {
    Read read;
    if (!tail_) {
        auto opened = cli::LogTail::open(*host_.files, *host_.clock, path_, lines_at_first,
                                         [this](const std::string& message) { remarks_.push_back(message); });
        if (!opened) {
            read.failure = opened.error().message();
            return read;
        }
        tail_.emplace(*std::move(opened));
    }
    const auto end = host_.clock->steady_now() + longest_read;
    bool was_read = true;
    while (was_read && !stop.stop_requested() && host_.clock->steady_now() < end) {
        const auto text = tail_->next();
        if (!text) {
            read.failure = give_up(text.error());
            return read;
        }
        cutter_.add(*text, read.lines);
        if (read.lines.size() > most_lines_collected) read.skipped += keep_last_lines(read.lines);
        was_read = !text->empty();
        if (!was_read) {
            const auto follows = tail_->follow();
            if (!follows) {
                read.failure = give_up(follows.error());
                return read;
            }
            was_read = *follows;
        }
    }
    for (std::string& remark : remarks_) read.lines.push_back("servicectl: " + std::move(remark));
    remarks_.clear();
    read.skipped += keep_last_lines(read.lines);
    return read;
}

std::string LogLines::give_up(const Error& error) {
    tail_.reset();
    return error.message();
}

}  // namespace servicekit::servicectl
