#include "core/crash_reports.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/age_order.hpp"
#include "base/demangled.hpp"
#include "base/parse_number.hpp"
#include "base/rfc3339.hpp"
#include "base/take_up_to.hpp"

namespace servicekit {
namespace {

constexpr std::string_view first_line = "crash report of servicekit, format 1\n";
constexpr std::string_view crash_line = "\nend of the report\n";
constexpr std::size_t largest_report = std::size_t{16} << 20U;
constexpr std::size_t summarised_frames = 8;

/// Returns the value after "KEY: " in the lines before the first empty one. If the key occurs several times, the last
/// one counts: that is the innermost event.
std::string value_of(std::string_view head, std::string_view key) {
    std::string value;
    while (!head.empty()) {
        const std::string_view line = take_up_to('\n', head);
        if (line.size() > key.size() + 1 && line.starts_with(key) && line.substr(key.size(), 2) == ": ")
            value = line.substr(key.size() + 2);
    }
    return value;
}

std::string up_to(const std::string& text, std::string_view end) { return text.substr(0, text.find(end)); }

std::string after(const std::string& text, std::string_view beginning) {
    const auto at = text.find(beginning);
    return at == std::string::npos ? std::string{} : text.substr(at + beginning.size());
}

/// Returns a frame without the number, the address and the directory: "just-another-server+0x1a2b
/// (write_lines(int)+0x14)".
std::string frame_in_words(std::string_view line) {
    const std::string whole = demangle_frame(line);
    const auto address = whole.find("0x");
    const auto module = whole.find(' ', address);
    if (address == std::string::npos || module == std::string::npos) return whole;
    const std::string place = whole.substr(module + 1);
    const auto directory = up_to(place, "+0x").rfind('/');
    return directory == std::string::npos ? place : place.substr(directory + 1);
}

/// Returns the text after the title of the first backtrace; empty if there is none.
std::string_view first_backtrace(std::string_view text) {
    for (const std::string_view title_end : {"), which crashed:\n", "), which called exit:\n"})
        if (const auto title = text.find(title_end); title != std::string_view::npos)
            return text.substr(title + title_end.size());
    return {};
}

std::vector<std::string> first_frames(std::string_view text) {
    std::vector<std::string> frames;
    text = first_backtrace(text);
    while (text.starts_with("  #") && frames.size() < summarised_frames)
        frames.push_back(frame_in_words(take_up_to('\n', text)));
    return frames;
}

/// Returns "20261122T061000Z" for "2026-11-22T06:10:00.123456Z".
std::string compact(const std::string& time) {
    std::string digits;
    for (const char c : up_to(time, "."))
        if (c != '-' && c != ':' && c != 'Z') digits += c;
    return digits + "Z";
}

/// Returns false for a link, a second name of a file, a FIFO or a device: another user may have put them in a directory
/// of reports, to have root read something else or wait. An empty file was prepared for a crash that did not happen.
bool is_report(const os::FileStatus& status) {
    return status.type == os::FileType::regular && status.size > 0 && status.links == 1;
}

bool is_of(std::span<const uid_t> writers, const os::FileStatus& status) {
    return std::find(writers.begin(), writers.end(), status.uid) != writers.end();
}

bool is_unchanged(const os::FileStatus& now, const os::FileStatus& before) {
    return now.is_same_file(before) && now.size == before.size && now.modified == before.modified;
}

bool is_all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Returns true if the text has the form of compact(), a dot and a pid. Other files may belong to a service whose name
/// begins with the name of this one.
bool is_stamp(std::string_view text) {
    return text.size() > 17 && is_all_digits(text.substr(0, 8)) && text[8] == 'T' && is_all_digits(text.substr(9, 6)) &&
           text.substr(15, 2) == "Z." && is_all_digits(text.substr(17));
}

}  // namespace

std::string CrashSummary::in_words() const {
    std::string text = !signal.empty() ? signal : !exit.empty() ? exit : "an unknown signal";
    if (!reason.empty()) text += " (" + reason + ")";
    if (!event.empty()) text += " in the event '" + event + "'";
    if (!exception.empty()) text += ": " + exception;
    return text;
}

std::string CrashSummary::what_the_process_did() const {
    return (signal.empty() && !exit.empty() ? "called " : "crashed: ") + in_words();
}

Object CrashSummary::fields() const {
    Object fields{
        {"time", time}, {"pid", parse_number<pid_t>(pid).value_or(0)}, {"signal", signal}, {"reason", reason}};
    for (const auto& [key, value] : {std::pair{"version", &version},
                                     {"exit", &exit},
                                     {"address", &address},
                                     {"thread", &thread},
                                     {"event", &event},
                                     {"exception", &exception}})
        if (!value->empty()) fields.append(key, *value);
    fields.append("file", file);
    fields.append("frames", Value::List(frames.begin(), frames.end()));
    fields.append("whole", is_whole);
    return fields;
}

CrashSummary parse_crash_report(std::string_view text) {
    CrashSummary summary;
    const auto begin = text.rfind(first_line);
    if (begin == std::string_view::npos) return summary;
    text.remove_prefix(begin);
    const std::string_view head = text.substr(0, text.find("\n\n"));
    summary.time = value_of(head, "time");
    summary.pid = value_of(head, "pid");
    summary.version = value_of(head, "version");
    summary.signal = up_to(value_of(head, "signal"), " (");
    summary.exit = value_of(head, "exit");
    summary.reason = after(value_of(head, "code"), ", ");
    summary.address = value_of(head, "address");
    summary.thread = value_of(head, "thread");
    summary.event = up_to(value_of(head, "event"), ", for ");
    summary.exception = value_of(head, "exception");
    summary.frames = first_frames(text);
    summary.is_whole = text.ends_with(crash_line);
    return summary;
}

std::string demangle_frame(std::string_view line) {
    const auto begin = line.find(" (_Z");
    const auto end = line.rfind("+0x");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::string{line};
    const std::string mangled{line.substr(begin + 2, end - begin - 2)};
    return std::string{line.substr(0, begin + 2)} + demangled(mangled.c_str()) + std::string{line.substr(end)};
}

Result<std::vector<CrashSummary>> CrashReports::list() const {
    Memory none;
    return list(none);
}

Result<std::vector<CrashSummary>> CrashReports::list(Memory& memory) const {
    const auto status = files_->status(new_report(), os::Links::do_not_follow);
    if (!status) return status.error();
    auto files = put_away_files();
    if (!files) return files.error();
    if (*status && is_report(**status)) files->push_back(new_report());
    std::vector<CrashSummary> summaries;
    std::optional<Error> failure;
    Memory known;
    for (auto file = files->rbegin(); file != files->rend(); ++file) {
        const auto now = files_->status(*file, os::Links::do_not_follow);
        const auto before = memory.find(*file);
        const bool is_known = before != memory.end() && now && *now && is_unchanged(**now, before->second.status);
        auto summary = is_known ? before->second.summary : summary_of(*file);
        if (!summary) {
            if (!failure) failure = summary.error();
            continue;
        }
        if (now && *now) known.insert_or_assign(*file, Known{.status = **now, .summary = *summary});
        summaries.push_back(*std::move(summary));
    }
    memory = std::move(known);
    // A file that another user left there must not hide the reports.
    if (failure && summaries.empty()) return *std::move(failure);
    return summaries;
}

Result<std::string> CrashReports::read(const std::string& file) const {
    auto text = text_of(file);
    if (!text) return text;
    std::string readable;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const bool has_end = rest.find('\n') != std::string_view::npos;
        const std::string_view line = take_up_to('\n', rest);
        readable += line.starts_with("  #") ? demangle_frame(line) : std::string{line};
        if (has_end) readable += '\n';
    }
    return readable;
}

std::string CrashReports::other_report(pid_t pid) const {
    // Earlier than any crash of the process: put_away_other() knows by this that nobody has moved it.
    const auto before_start = clock_->system_now() - std::chrono::seconds{1};
    return new_report() + "." + compact(rfc3339(before_start)) + "." + std::to_string(pid);
}

Result<std::optional<CrashSummary>> CrashReports::summary_of_own(const std::string& path,
                                                                 std::span<const uid_t> writers) const {
    const auto named = files_->status(path, os::Links::do_not_follow);
    if (!named) return named.error();
    const auto is_ours = [writers](const os::FileStatus& status) {
        return is_report(status) && is_of(writers, status);
    };
    if (!*named || !is_ours(**named)) return std::optional<CrashSummary>{};
    const auto file = files_->open_for_reading(path, os::Links::do_not_follow);
    if (!file) return file.error();
    const auto opened = (*file)->status();
    if (!opened) return opened.error();
    if (!is_ours(*opened)) return std::optional<CrashSummary>{};
    const auto text = (*file)->read_at(0, largest_report);
    if (!text) return text.error();
    return std::optional{parse_crash_report(*text)};
}

Result<std::optional<CrashSummary>> CrashReports::put_away(std::span<const uid_t> writers,
                                                           std::optional<pid_t> last_pid) {
    auto found = summary_of_own(new_report(), writers);
    if (!found) return found;
    if (!*found) return last_pid ? put_away_other(writers, *last_pid) : std::move(found);
    CrashSummary* const summary = &**found;
    const std::string pid = "." + (is_all_digits(summary->pid) ? summary->pid : "0");
    const std::string stamp = compact(summary->time) + pid;
    // If the clock was ahead at the crash, the report is named by the current time: it is still the newest one.
    const bool is_usable = is_stamp(stamp) && stamp <= latest_stamp();
    const std::string kept = new_report() + "." + (is_usable ? stamp : compact(rfc3339(clock_->system_now())) + pid);
    if (auto renamed = files_->rename(new_report(), kept); !renamed) return renamed.error();
    summary->file = kept;
    return found;
}

Result<std::optional<CrashSummary>> CrashReports::put_away_other(std::span<const uid_t> writers, pid_t pid) {
    const auto files = put_away_files();
    if (!files) return files.error();
    const std::string end = "." + std::to_string(pid);
    for (auto file = files->rbegin(); file != files->rend(); ++file) {
        if (!file->ends_with(end)) continue;
        auto found = summary_of_own(*file, writers);
        if (!found) return found;
        // An earlier life may have had the same pid. Its report was moved, so it is named by the time of the crash.
        if (!*found || (*found)->pid != end.substr(1)) continue;
        const std::string kept = new_report() + "." + compact((*found)->time) + end;
        const bool is_usable = is_stamp(std::string_view{kept}.substr(new_report().size() + 1)) &&
                               kept <= new_report() + "." + latest_stamp();
        if (!is_usable || *file >= kept) continue;
        if (auto renamed = files_->rename(*file, kept); !renamed) return renamed.error();
        (*found)->file = kept;
        return found;
    }
    return std::optional<CrashSummary>{};
}

Result<void> CrashReports::remove_empty(std::span<const uid_t> writers) {
    const auto files = stamped_files();
    if (!files) return files.error();
    for (const std::string& file : *files) {
        const auto status = files_->status(file, os::Links::do_not_follow);
        if (!status) return status.error();
        const bool is_empty = *status && (*status)->type == os::FileType::regular && (*status)->size == 0;
        if (!is_empty || !is_of(writers, **status)) continue;
        if (auto removed = files_->remove(file); !removed && removed.error().errno_value != ENOENT) return removed;
    }
    return {};
}

Result<std::size_t> CrashReports::remove_older(std::size_t keep) {
    const auto files = put_away_files();
    if (!files) return files.error();
    for (std::size_t i = 0; i + keep < files->size(); ++i)
        if (auto removed = files_->remove((*files)[i]); !removed && removed.error().errno_value != ENOENT)
            return removed.error();
    return std::min(keep, files->size());
}

Result<std::vector<std::string>> CrashReports::stamped_files() const {
    auto names = files_->list(directory_);
    if (!names) return names.error();
    const std::string beginning = name_ + ".crash.";
    std::vector<std::string> files;
    for (const std::string& name : *names)
        if (name.starts_with(beginning) && is_stamp(std::string_view{name}.substr(beginning.size())))
            files.push_back(directory_ + "/" + name);
    return files;
}

Result<std::vector<std::string>> CrashReports::put_away_files() const {
    auto files = stamped_files();
    if (!files) return files;
    std::erase_if(*files, [this](const std::string& file) {
        const auto status = files_->status(file, os::Links::do_not_follow);
        return !status || !*status || !is_report(**status);
    });
    // Sorts by the time, since the names are the same up to it.
    const std::string now = new_report() + "." + latest_stamp();
    std::sort(files->begin(), files->end(), AgeOrder{now});
    return files;
}

std::string CrashReports::latest_stamp() const {
    return compact(rfc3339(clock_->system_now() + AgeOrder::slack)) + ".";
}

Result<CrashSummary> CrashReports::summary_of(const std::string& file) const {
    const auto text = text_of(file);
    if (!text) return text.error();
    CrashSummary summary = parse_crash_report(*text);
    summary.file = file;
    return summary;
}

Result<std::string> CrashReports::text_of(const std::string& file) const {
    const Error not_a_report{ExitCode::os, "read", file, "it is not a crash report"};
    const auto named = files_->status(file, os::Links::do_not_follow);
    if (!named) return named.error();
    if (!*named) return os_error("read", file, ENOENT);
    if (!is_report(**named)) return not_a_report;
    const auto opened = files_->open_for_reading(file);
    if (!opened) return opened.error();
    const auto status = (*opened)->status();
    if (!status) return status.error();
    // Another user may have replaced the file since. A report of the service's user may be read, so the check of
    // Links::do_not_follow would be too strict.
    if (!is_report(*status) || !status->is_same_file(**named)) return not_a_report;
    return (*opened)->read_at(0, largest_report);
}

}  // namespace servicekit
