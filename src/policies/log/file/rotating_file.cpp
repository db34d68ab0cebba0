#include "policies/log/file/rotating_file.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/path_parts.hpp"

namespace servicekit::policies {
namespace {

using Time = std::chrono::system_clock::time_point;

/// Time between a failed rotation and the next attempt.
constexpr std::chrono::seconds pause_after_failure{10};

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

}  // namespace

RotatingFile::RotatingFile(os::Files& files, const os::Clock& clock, const LogArchive& archive, Options options,
                           Tell tell, std::function<void()> on_rotation)
    : files_{&files},
      clock_{&clock},
      archive_{&archive},
      options_{std::move(options)},
      tell_{std::move(tell)},
      on_rotation_{std::move(on_rotation)} {}

Result<void> RotatingFile::open() {
    const auto opened = reopen();
    return opened ? Result<void>{} : Result<void>{opened.error()};
}

Result<bool> RotatingFile::reopen() {
    // The name may now refer to another file, such as the captured stream, whose lines would come back to this log.
    if (file_ && file_->is_own_descriptor()) return false;
    auto opened = open_file(options_.path, options_.group);
    if (!opened) return opened.error();
    const std::unique_ptr<os::File>& file = opened->file;
    if (file_ && file->is_own_descriptor())
        return Error{ExitCode::cannot_create, "open the log", options_.path, "it is a descriptor of the service"};
    const auto status = file->status();
    if (file_ && status) {
        const auto before = file_->status();
        if (before && before->is_same_file(*status)) return false;
    }
    // A file whose size is unknown still takes lines.
    adopt(std::move(opened->file), status ? *status : os::FileStatus{});
    is_torn_ = status && ends_within_line(*status);
    check_name();
    warn_once(opened->warning);
    return true;
}

void RotatingFile::check_name() {
    const auto name = files_->status(options_.path, os::Links::do_not_follow);
    if (!rotates_ || !name || !*name || (*name)->type != os::FileType::symlink) return;
    rotates_ = false;
    word_ = tell_(Error{ExitCode::cannot_create, "rotate the log", options_.path, "it is a symbolic link"});
}

void RotatingFile::warn_once(const std::optional<Error>& warning) {
    if (warning && !std::exchange(has_warned_, true)) word_ += tell_(*warning);
}

bool RotatingFile::ends_within_line(const os::FileStatus& status) const {
    if (status.type != os::FileType::regular || status.size == 0 || file_->is_own_descriptor()) return false;
    // The log itself is open for writing only. If it cannot be read, this is unknown.
    const auto file = files_->open_for_reading(options_.path);
    if (!file) return false;
    const auto its = (*file)->status();
    if (!its || !its->is_same_file(status) || its->size == 0) return false;
    const auto last = (*file)->read_at(its->size - 1, 1);
    return last && !last->empty() && last->front() != '\n';
}

Result<RotatingFile::Opened> RotatingFile::open_file(const std::string& path, std::optional<gid_t> group) const {
    const auto fault = [&path](std::string reason) {
        return Error{ExitCode::cannot_create, "open the log", path, std::move(reason)};
    };
    if (path.front() != '/') return fault("not an absolute path");
    auto file = files_->open_for_appending(path, options_.permissions);
    if (!file) {
        const std::string directory = directory_of(path);
        if (const auto status = files_->status(directory, os::Links::follow); status && !status->has_value())
            return fault("there is no directory '" + directory + "'");
        Error error = file.error().at_stage(ExitCode::cannot_create);
        error.action = "open the log";
        return error;
    }
    Opened opened{.file = *std::move(file), .warning = {}};
    opened.warning = opened.file->shortcoming();
    const auto status = opened.file->status();
    if (!group || (status && status->gid == *group)) return opened;
    if (auto given = opened.file->give_to_group(*group); !given) {
        if (!os::is_refused_by_file_system(given.error())) return given.error();
        opened.warning = given.error();
    }
    return opened;
}

void RotatingFile::adopt(std::unique_ptr<os::File> file, const os::FileStatus& status) {
    file_ = std::move(file);
    size_ = status.size;
    rotates_ = status.type == os::FileType::regular && !file_->is_own_descriptor() &&
               (options_.rotate_size != 0 || options_.rotate_every.count() != 0);
    within_line_ = false;
    is_torn_ = false;
    word_.clear();
    plain_until_ = 0;
    due_ = next_boundary(size_ > 0 ? status.modified : clock_->system_now());
}

Result<void> RotatingFile::change_owner(uid_t uid, gid_t gid) {
    return file_->change_owner(uid, options_.group ? *options_.group : gid);
}

[[gnu::hot]] os::Writing RotatingFile::deliver(std::string_view lines) {
    if (size_ + lines.size() > plain_until_) return deliver_with_care(lines);
    os::Writing writing = file_->write(lines);
    note(lines, writing);
    return writing;
}

os::Writing RotatingFile::deliver_with_care(std::string_view lines) {
    plain_until_ = 0;
    std::size_t delivered = 0;
    while (!lines.empty()) {
        rotate_if_due(lines);
        if (auto failure = write_what_comes_before()) return {delivered, std::move(failure)};
        const std::string_view piece = fitting(lines);
        os::Writing writing = file_->write(piece);
        delivered += writing.bytes;
        note(piece, writing);
        if (!writing) return {delivered, std::move(writing.failure)};
        lines.remove_prefix(piece.size());
    }
    // Only now is it certain that nothing has to be written before the next lines.
    if (!rotates_)
        plain_until_ = unlimited;
    else if (due_ == Time::max())
        plain_until_ = options_.rotate_size;
    return {delivered};
}

void RotatingFile::deliver_at_crash(std::string_view lines) noexcept {
    if (!file_) return;
    if (is_torn_ || (within_line_ && !word_.empty())) file_->write_at_crash("\n");
    is_torn_ = false;
    within_line_ = false;
    file_->write_at_crash(lines);
}

void RotatingFile::note(std::string_view text, const os::Writing& writing) {
    size_ += writing.bytes;
    if (writing.bytes > 0) within_line_ = text[writing.bytes - 1] != '\n';
}

std::optional<Error> RotatingFile::write_what_comes_before() {
    if (is_torn_) {
        constexpr std::string_view end = "\n";
        os::Writing writing = file_->write(end);
        note(end, writing);
        if (!writing) return std::move(writing.failure);
        is_torn_ = false;
    }
    if (word_.empty()) return std::nullopt;
    os::Writing writing = file_->write(word_);
    note(word_, writing);
    word_.erase(0, writing.bytes);
    return std::move(writing.failure);
}

std::string_view RotatingFile::fitting(std::string_view lines) const {
    if (!rotates_ || options_.rotate_size == 0) return lines;
    const std::uint64_t room = options_.rotate_size > size_ ? options_.rotate_size - size_ : 0;
    if (lines.size() <= room || clock_->steady_now() < not_before_) return lines;
    const std::size_t last = lines.substr(0, static_cast<std::size_t>(room)).rfind('\n');
    // At least one line is taken, or the loop would not end.
    return lines.substr(0, last != std::string_view::npos ? last + 1 : lines.find('\n') + 1);
}

bool RotatingFile::is_due(std::string_view lines) {
    // An empty file is never due, and no line is cut in two.
    if (!rotates_ || size_ == 0 || within_line_) return false;
    const bool is_full = options_.rotate_size != 0 && size_ + lines.find('\n') + 1 > options_.rotate_size;
    return (is_full || is_old_enough()) && clock_->steady_now() >= not_before_;
}

bool RotatingFile::is_old_enough() {
    if (due_ == Time::max()) return false;
    const Time now = clock_->system_now();
    if (now >= due_) return true;
    due_ = std::min(due_, next_boundary(now));
    return false;
}

void RotatingFile::rotate_if_due(std::string_view lines) {
    if (!is_due(lines)) return;
    const auto rotated = rotate();
    if (rotated) return on_rotation_();
    rotations_failed_.fetch_add(1, std::memory_order_relaxed);
    not_before_ = clock_->steady_now() + pause_after_failure;
    if (word_.empty()) word_ = tell_(rotated.error());
}

Result<void> RotatingFile::rotate() {
    const auto ours = file_->status();
    if (!ours) return ours.error();
    const auto there = files_->status(options_.path, os::Links::do_not_follow);
    if (!there) return there.error();
    if (!*there || !(*there)->is_same_file(*ours)) {
        const auto reopened = reopen();
        return reopened ? Result<void>{} : Result<void>{reopened.error()};
    }
    // The new file is created before the old one is moved, so the service is never without a file.
    const std::string fresh = options_.path + ".new";
    // A killed rotation or someone else may have left a file there.
    static_cast<void>(files_->remove(fresh));
    auto opened = open_file(fresh, options_.group ? *options_.group : ours->gid);
    if (!opened) return opened.error();
    if (auto moved = put_away(fresh); !moved) {
        static_cast<void>(files_->remove(fresh));
        return moved;
    }
    adopt(std::move(opened->file), {});
    rotations_done_.fetch_add(1, std::memory_order_relaxed);
    warn_once(opened->warning);
    return {};
}

Result<void> RotatingFile::put_away(const std::string& fresh) {
    const auto old_path = archive_->free_path();
    if (!old_path) return old_path.error();
    if (auto moved = files_->rename(options_.path, *old_path); !moved) return moved;
    auto moved = files_->rename(fresh, options_.path);
    if (!moved) static_cast<void>(files_->rename(*old_path, options_.path));
    return moved;
}

Time RotatingFile::next_boundary(Time from) const {
    if (options_.rotate_every.count() == 0) return Time::max();
    const auto day = std::chrono::floor<std::chrono::days>(from);
    const auto after = [&](Time origin) {
        return origin + options_.rotate_every * ((from - origin) / options_.rotate_every + 1);
    };
    // Intervals over a day are counted from the epoch, as there is no midnight that suits every interval.
    if (options_.rotate_every > std::chrono::days{1}) return after(Time{});
    return std::min(after(Time{day}), Time{day + std::chrono::days{1}});
}

}  // namespace servicekit::policies
