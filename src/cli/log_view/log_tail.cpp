#include "cli/log_view/log_tail.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/age_order.hpp"
#include "base/parse_number.hpp"
#include "base/path_parts.hpp"
#include "base/rfc3339.hpp"
#include "cli/log_view/rotated_logs.hpp"
#include "core/paths.hpp"
#include "policies/log/file/rotation_stamp.hpp"

namespace servicekit::cli {
namespace {

constexpr std::size_t piece = 65536;
/// Most rotated files that are held open until they are shown.
constexpr std::size_t most_held = 64;

/// Why lines may be missing.
constexpr std::string_view removed = "rotated files of the log were removed before they could be shown";
constexpr std::string_view unlisted = "the directory of the log could not be listed";

Result<std::uint64_t> start_of_last_lines(os::File& file, std::uint64_t size, std::size_t lines) {
    if (lines == 0) return size;
    std::size_t seen = 0;
    for (std::uint64_t end = size; end > 0;) {
        const std::uint64_t begin = end - std::min<std::uint64_t>(end, piece);
        const auto text = file.read_at(begin, static_cast<std::size_t>(end - begin));
        if (!text) return text.error();
        for (std::size_t i = text->size(); i-- > 0;) {
            // The newline at the end of the last line does not begin another line.
            const bool begins_line = (*text)[i] == '\n' && begin + i + 1 != size;
            if (begins_line && ++seen == lines) return begin + i + 1;
        }
        end = begin;
    }
    return std::uint64_t{0};
}

/// Returns the time at the beginning of a line; empty if there is none.
std::string_view time_of(std::string_view line) {
    constexpr std::string_view json_begin = R"({"time":")";
    if (line.starts_with(json_begin)) line.remove_prefix(json_begin.size());
    const bool is_time = line.size() > 4 && line[0] >= '0' && line[0] <= '9' && line[4] == '-';
    return is_time ? line : std::string_view{};
}

bool is_young(std::string_view line, std::string_view since) {
    const std::string_view time = time_of(line);
    return !time.empty() && time.substr(0, since.size()) >= since;
}

/// Skips to the first line that is not older. If the file is still being written, stops at its last line if that is
/// unfinished.
/// \returns true if there is such a line; else the source is at its end
Result<bool> skip_to(LogSource& source, std::string_view since, bool is_written_to) {
    // This many bytes of a line contain its time.
    constexpr std::size_t telling_head = 64;
    std::string head;  // of an unfinished line whose time is not known yet
    bool is_within_old_line = false;
    std::uint64_t line_begin = 0;
    for (;;) {
        const auto text = source.next();
        if (!text && (is_written_to || !is_young(head, since))) return text.error();
        // A failure is reported again after the line.
        if (!text || text->empty()) break;
        const std::string seen = std::exchange(head, {}) + *text;
        for (std::size_t line = 0;;) {
            const std::size_t end = seen.find('\n', line);
            if (!is_within_old_line) {
                line_begin = source.offset() - (seen.size() - line);
                const std::string_view left = std::string_view{seen}.substr(line);
                if (end == std::string::npos && left.size() < telling_head) {
                    head = left;
                    break;
                }
                if (is_young(left.substr(0, std::min(end - line, telling_head)), since)) {
                    source.put_back(std::string{left});
                    return true;
                }
            }
            is_within_old_line = end == std::string::npos;
            if (is_within_old_line) break;
            line = end + 1;
        }
    }
    if (is_written_to && (is_within_old_line || !head.empty())) {
        source.go_to(line_begin);
        return true;
    }
    if (!is_young(head, since)) return false;
    source.put_back(std::move(head));
    return true;
}

/// Returns true if a file that was last written at `modified` has no line that is young enough.
bool is_too_old(std::chrono::system_clock::time_point modified, std::string_view since) {
    // The kernel's clock for files may be a few milliseconds behind the clock for lines.
    constexpr std::chrono::seconds slack{2};
    if (modified == std::chrono::system_clock::time_point::max()) return false;
    return std::string_view{rfc3339(modified + slack)}.substr(0, since.size()) < since;
}

std::optional<std::string> time_before(std::string_view text, std::chrono::system_clock::time_point now) {
    using namespace std::chrono;
    if (text.empty()) return std::nullopt;
    const auto count = parse_number<std::uint32_t>(text.substr(0, text.size() - 1));
    if (!count) return std::nullopt;
    const auto before = [&](auto unit) {
        // Compares before it multiplies, as the product could overflow the clock.
        const bool is_before_epoch = *count > now.time_since_epoch() / unit;
        std::string time = rfc3339(is_before_epoch ? system_clock::time_point{} : now - *count * unit);
        time.pop_back();
        return time;
    };
    switch (text.back()) {
        case 's':
            return before(seconds{1});
        case 'm':
            return before(minutes{1});
        case 'h':
            return before(hours{1});
        case 'd':
            return before(days{1});
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<std::string> log_since(std::string_view text, std::chrono::system_clock::time_point now) {
    if (text.empty()) return std::nullopt;
    if (auto before = time_before(text, now)) return before;
    if (text.ends_with('Z')) text.remove_suffix(1);
    constexpr std::string_view form = "0000-00-00T00:00:00.000000";
    const bool is_time = text.size() >= 4 && text.size() <= form.size() &&
                         std::equal(text.begin(), text.end(), form.begin(), [](char letter, char like) {
                             if (like == '0') return letter >= '0' && letter <= '9';
                             return letter == like || (like == 'T' && letter == ' ');
                         });
    if (!is_time) return std::nullopt;
    std::string time{text};
    std::replace(time.begin(), time.end(), ' ', 'T');
    return time;
}

Result<LogTail> LogTail::open_since(os::Files& files, const os::Clock& clock, const std::string& path,
                                    std::string_view since, Tell tell) {
    LogTail tail{files, clock, path, std::move(tell)};
    auto seen = tail.see();
    if (!seen) return seen.error();
    if (!seen->names) tail.tell_unlisted(seen->names.error());
    for (RotatedLog& log :
         seen->names ? rotated_logs(files, path, *seen->names, clock.system_now()) : std::vector<RotatedLog>{}) {
        if (is_too_old(log.modified, since)) continue;
        if (log.compression.empty() || log.compression == ".gz")
            tail.ahead_.push_back({.path = std::move(log.path)});
        else
            tail.tell_("cannot show '" + log.path + log.compression + "': it is not compressed with gzip");
    }
    tail.ahead_.push_back(tail.live(std::move(seen->live)));
    tail.hold();
    if (seen->names) tail.known_ = logs_rotated_by_service(path, *seen->names);
    while (tail.begin_next()) {
        const bool is_last = tail.ahead_.empty();
        const auto found = skip_to(*tail.current_, since, is_last);
        if (!found && is_last) return found.error();
        if (!found) tail.tell_(found.error().message());
        if (found && *found) break;
    }
    return tail;
}

Result<LogTail> LogTail::open(os::Files& files, const os::Clock& clock, const std::string& path, std::size_t lines,
                              Tell tell) {
    LogTail tail{files, clock, path, std::move(tell)};
    auto seen = tail.see();
    if (!seen) return seen.error();
    const auto status = seen->live->status();
    if (!status) return status.error();
    const auto start = start_of_last_lines(*seen->live, status->size, lines);
    if (!start) return start.error();
    tail.current_.emplace(path, std::move(seen->live), LogSource::Form::plain, *start);
    if (seen->names) tail.known_ = logs_rotated_by_service(path, *seen->names);
    return tail;
}

Result<std::string> LogTail::next() {
    if (std::exchange(owes_newline_, false)) {
        ends_line_ = true;
        return std::string{"\n"};
    }
    auto text = current_->next();
    if (text && !text->empty()) ends_line_ = text->back() == '\n';
    if (text || current_->form() == LogSource::Form::plain) return text;
    // A damaged rotated file does not prevent the later ones from being shown.
    tell_(text.error().message());
    current_->skip_rest();
    return std::string{};
}

Result<LogTail::Sight> LogTail::see() {
    // Repeats until nothing was rotated in between.
    constexpr int most_attempts = 10;
    for (int attempt = 1;; ++attempt) {
        Sight seen;
        auto live = files_->open_for_reading(path_);
        if (!live) return live.error();
        seen.live = std::move(*live);
        seen.names = files_->list(directory_of(path_));
        seen.is_of_one_time = is_at_path(*seen.live);
        if (seen.is_of_one_time || attempt == most_attempts) return seen;
    }
}

bool LogTail::is_at_path(os::File& file) const {
    const auto ours = file.status();
    const auto there = files_->status(path_, os::Links::follow);
    return ours && there && there->has_value() && (*there)->is_same_file(*ours);
}

Result<void> LogTail::look() {
    os::File& live = ahead_.empty() ? current_->file() : ahead_.back().source->file();
    if (const auto status = live.status(); !status) return status.error();
    if (is_at_path(live)) return {};
    auto seen = see();
    // Between the move and the reopening the path does not exist, and the old file may still get lines.
    if (!seen && seen.error().errno_value == ENOENT) return {};
    if (!seen) return seen.error();
    if (!seen->is_of_one_time) return {};
    append_after(ahead_.empty() ? *current_ : *ahead_.back().source, *std::move(seen));
    hold();
    return {};
}

void LogTail::tell_unlisted(const Error& error) {
    if (!std::exchange(unlisted_is_told_, true)) tell_(error.message());
}

std::vector<std::string> LogTail::take_fresh(const std::vector<std::string>& names) {
    std::vector<std::string> now = logs_rotated_by_service(path_, names);
    std::vector<std::string> fresh;
    const std::vector<std::string> before = known_.value_or(std::vector<std::string>{});
    std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(fresh));
    known_ = std::move(now);
    const std::string latest = path_ + '-' + policies::rotation_stamp(clock_->system_now() + AgeOrder::slack);
    std::sort(fresh.begin(), fresh.end(), AgeOrder{latest});
    return fresh;
}

void LogTail::append_after(LogSource& last, Sight now) {
    std::deque<Next> after;
    std::string_view gap = unlisted;
    if (now.names)
        gap = find_between(last, *now.names, after);
    else
        tell_unlisted(now.names.error());
    after.push_back(live(std::move(now.live)));
    after.front().gap = gap;
    std::move(after.begin(), after.end(), std::back_inserter(ahead_));
}

std::string_view LogTail::find_between(LogSource& last, const std::vector<std::string>& names,
                                       std::deque<Next>& between) {
    const bool are_all_fresh = known_.has_value();
    bool is_among_them = false;
    for (const std::string& path : take_fresh(names)) {
        Next next{.path = path};
        if (!is_among_them && is_put_away_as(last, next)) {
            is_among_them = true;
            between.clear();
            continue;
        }
        if (between.size() >= most_held) next.source.reset();
        between.push_back(std::move(next));
    }
    if (is_among_them) return {};
    if (!are_all_fresh && !between.empty()) {
        // They may be older than the lines that are already shown.
        between.clear();
        return unlisted;
    }
    if (auto moved = moved_after(last, names)) {
        std::move(moved->rbegin(), moved->rend(), std::front_inserter(between));
        return {};
    }
    // It may have been the last file that was removed in between, or one of many.
    const auto status = last.file().status();
    return status && status->links == 0 ? removed : std::string_view{};
}

std::optional<std::deque<LogTail::Next>> LogTail::moved_after(LogSource& last, const std::vector<std::string>& names) {
    // logrotate does not move more than this within a pause.
    constexpr std::size_t most = 2;
    const std::vector<std::string> own = logs_rotated_by_service(path_, names);
    std::vector<RotatedLog> moved = rotated_logs(*files_, path_, names, clock_->system_now());
    std::erase_if(moved, [&own](const RotatedLog& log) {
        const bool is_readable = log.compression.empty() || log.compression == ".gz";
        return !is_readable || std::binary_search(own.begin(), own.end(), log.path);
    });
    std::deque<Next> after;
    for (auto log = moved.rbegin(); log != moved.rend() && after.size() < most; ++log) {
        Next next{.path = log->path};
        if (is_put_away_as(last, next)) return after;
        after.push_front(std::move(next));
    }
    return std::nullopt;
}

bool LogTail::is_put_away_as(LogSource& source, Next& there) {
    const auto ours = source.file().status();
    const auto status = files_->status(there.path, os::Links::do_not_follow);
    if (ours && status && status->has_value()) return (*status)->is_same_file(*ours);
    auto opened = LogSource::open_old(*files_, there.path);
    if (!opened || !*opened) return false;
    there.source = std::move(*opened);
    const auto is_same = source.begins_as(*there.source);
    return is_same && *is_same;
}

LogTail::Next LogTail::live(std::unique_ptr<os::File> file) const {
    return {.path = path_, .source = LogSource{path_, std::move(file), LogSource::Form::plain}};
}

void LogTail::hold() {
    for (std::size_t i = 0; i < std::min(ahead_.size(), most_held); ++i) open(ahead_[i]);
}

void LogTail::open(Next& next) {
    if (next.source || std::exchange(next.was_looked_for, true)) return;
    auto opened = LogSource::open_old(*files_, next.path);
    if (!opened) return tell_(opened.error().message());
    if (!*opened && next.gap.empty()) next.gap = removed;
    next.source = std::move(*opened);
}

bool LogTail::begin_next() {
    std::string_view gap;
    while (!ahead_.empty()) {
        Next next = std::move(ahead_.front());
        ahead_.pop_front();
        open(next);
        if (gap.empty()) gap = next.gap;
        if (!next.source) continue;
        if (!gap.empty()) tell_("lines may be missing here: " + std::string{gap});
        current_ = std::move(next.source);
        owes_newline_ = !ends_line_;
        hold();
        return true;
    }
    return false;
}

Result<bool> LogTail::follow() {
    if (const auto looked = look(); !looked) return looked.error();
    if (!ahead_.empty()) {
        // Lines were written between the last piece and the move.
        auto text = next();
        if (!text) return text.error();
        if (text->empty()) return begin_next();
        current_->put_back(std::move(*text));
        return true;
    }
    const auto status = current_->file().status();
    if (!status) return status.error();
    const bool truncated = status->size < current_->offset();
    if (truncated) current_->go_to(0);
    return truncated;
}

}  // namespace servicekit::cli
