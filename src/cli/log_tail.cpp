#include "cli/log_tail.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/rfc3339.hpp"

namespace servicekit::cli {
namespace {

constexpr std::size_t piece = 65536;

Result<std::uint64_t> start_of_last_lines(os::File& file, std::uint64_t size, std::size_t lines) {
    if (lines == 0) return size;
    std::size_t seen = 0;
    for (std::uint64_t end = size; end > 0;) {
        const std::uint64_t begin = end - std::min<std::uint64_t>(end, piece);
        const auto text = file.read_at(begin, static_cast<std::size_t>(end - begin));
        if (!text) return text.error();
        for (std::size_t i = text->size(); i-- > 0;) {
            // The newline that ends the last line begins none.
            const bool begins_line = (*text)[i] == '\n' && begin + i + 1 != size;
            if (begins_line && ++seen == lines) return begin + i + 1;
        }
        end = begin;
    }
    return std::uint64_t{0};
}

/// The time that a line begins with; empty where it has none.
std::string_view time_of(std::string_view line) {
    constexpr std::string_view json_begin = R"({"time":")";
    if (line.starts_with(json_begin)) line.remove_prefix(json_begin.size());
    const bool is_time = line.size() > 4 && line[0] >= '0' && line[0] <= '9' && line[4] == '-';
    return is_time ? line : std::string_view{};
}

/// \returns where the first line stands that is not older; nothing where all are
Result<std::optional<std::uint64_t>> first_since(os::File& file, std::string_view since) {
    std::string rest;
    for (std::uint64_t offset = 0;;) {
        const auto text = file.read_at(offset + rest.size(), piece);
        if (!text) return text.error();
        if (text->empty()) return std::optional<std::uint64_t>{};
        rest += *text;
        std::size_t line = 0;
        for (std::size_t end = 0; (end = rest.find('\n', line)) != std::string::npos; line = end + 1) {
            const std::string_view time = time_of(std::string_view{rest}.substr(line, end - line));
            if (!time.empty() && time.substr(0, since.size()) >= since) return std::optional{offset + line};
        }
        offset += line;
        rest.erase(0, line);
    }
}

/// The old files of a log that are not compressed, the oldest first.
std::vector<std::string> old_files(os::Files& files, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
    const std::string begin = path.substr(slash + 1) + '-';
    std::vector<std::string> old;
    // A folder that may not be read has none to be shown.
    const auto names = files.list(folder);
    if (!names) return old;
    for (const std::string& name : *names)
        if (name.starts_with(begin) && name.ends_with('Z')) old.push_back(path.substr(0, slash + 1) + name);
    return old;
}

std::optional<std::string> time_before(std::string_view text, std::chrono::system_clock::time_point now) {
    using namespace std::chrono;
    std::uint32_t count = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (fault != std::errc{} || end != text.data() + text.size() - 1) return std::nullopt;
    const auto before = [&](auto unit) {
        std::string time = rfc3339(now - count * unit);
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

Result<LogTail> LogTail::open_since(os::Files& files, const std::string& path, std::string_view since) {
    for (const std::string& old : old_files(files, path)) {
        auto file = files.open_for_reading(old);
        if (!file) continue;  // it was removed meanwhile
        const auto start = first_since(**file, since);
        if (!start) return start.error();
        if (*start) return LogTail{files, path, std::move(*file), **start};
    }
    auto file = files.open_for_reading(path);
    if (!file) return file.error();
    const auto start = first_since(**file, since);
    if (!start) return start.error();
    const auto status = (*file)->status();
    if (!status) return status.error();
    return LogTail{files, path, std::move(*file), start->value_or(status->size)};
}

Result<LogTail> LogTail::open(os::Files& files, const std::string& path, std::size_t lines) {
    auto file = files.open_for_reading(path);
    if (!file) return file.error();
    const auto status = (*file)->status();
    if (!status) return status.error();
    const auto start = start_of_last_lines(**file, status->size, lines);
    if (!start) return start.error();
    return LogTail{files, path, std::move(*file), *start};
}

Result<std::string> LogTail::next() {
    auto text = file_->read_at(offset_, piece);
    if (text) offset_ += text->size();
    return text;
}

Result<bool> LogTail::follow() {
    const auto status = file_->status();
    if (!status) return status.error();
    const auto at_path = files_->status(path_, os::Links::follow);
    if (!at_path) return at_path.error();
    if (at_path->has_value() && (*at_path)->is_same_file(*status)) {
        const bool truncated = status->size < offset_;
        if (truncated) offset_ = 0;
        return truncated;
    }
    // Several may have been put away since the last look: this one's successor stands behind it in their row.
    std::string successor = path_;
    const std::vector<std::string> old = old_files(*files_, path_);
    for (std::size_t i = 0; i + 1 < old.size(); ++i) {
        const auto there = files_->status(old[i], os::Links::do_not_follow);
        if (there && *there && (*there)->is_same_file(*status)) successor = old[i + 1];
    }
    // Between the move and the reopening nothing is there, and lines may still come into the old one.
    if (successor == path_ && !at_path->has_value()) return false;
    auto file = files_->open_for_reading(successor);
    if (!file) return file.error();
    file_ = std::move(*file);
    offset_ = 0;
    return true;
}

}  // namespace servicekit::cli
