#include "policies/log/file/log_archive.hpp"

#include <algorithm>
#include <utility>

#include "base/age_order.hpp"
#include "base/path_parts.hpp"
#include "policies/log/file/rotation_stamp.hpp"

namespace servicekit::policies {
namespace {

constexpr std::size_t piece = 256U << 10U;
constexpr std::string_view compressed_suffix = ".gz";
constexpr std::string_view unfinished_suffix = ".gz.tmp";

}  // namespace

/// A file that is being compressed.
struct LogArchive::Job {
    std::string path;
    std::unique_ptr<os::File> in;
    std::unique_ptr<os::File> out;
    GzipStream stream = {};
    std::uint64_t offset = 0;
    enum class Next { piece, sync, rename, remove } next = Next::piece;

    [[nodiscard]] std::string unfinished_path() const { return path + std::string{unfinished_suffix}; }
};

LogArchive::LogArchive(os::Files& files, const os::Clock& clock, std::string log_path, Options options)
    : files_{&files},
      clock_{&clock},
      path_{std::move(log_path)},
      directory_{directory_of(path_)},
      name_{file_name_of(path_)},
      options_{options} {}

LogArchive::~LogArchive() {
    if (!job_) return;
    // A compressed file beside the file that it replaces would give each line twice to a reader of both.
    const bool is_replaced = job_->next == Job::Next::remove;
    static_cast<void>(files_->remove(is_replaced ? job_->path : job_->unfinished_path()));
}

Result<std::string> LogArchive::free_path() const {
    for (auto time = clock_->system_now();; time += std::chrono::microseconds{1}) {
        std::string path = path_ + '-' + rotation_stamp(time);
        for (const std::string& taken : {path, path + std::string{compressed_suffix}}) {
            const auto there = files_->status(taken, os::Links::do_not_follow);
            if (!there) return there.error();
            if (there->has_value()) path.clear();
        }
        if (!path.empty()) return path;
    }
}

void LogArchive::look_again() { given_up_.clear(); }

void LogArchive::leave() noexcept { job_.reset(); }

Result<LogArchive::Step> LogArchive::step() {
    if (job_) return note(go_on());
    if (options_.compress) {
        const auto old = rotated_files();
        if (!old) return old.error();
        for (const RotatedFile& file : *old)
            if (!file.compressed && std::find(given_up_.begin(), given_up_.end(), file.path) == given_up_.end())
                return note(begin(file.path));
    }
    return remove_too_many();
}

Result<void> LogArchive::begin(const std::string& path) {
    auto job = std::make_unique<Job>();
    job->path = path;
    // A process that died may have left one.
    static_cast<void>(files_->remove(job->unfinished_path()));
    given_up_.push_back(path);
    // Someone may have put a link there since the directory was listed.
    auto in = files_->open_for_reading(path, os::Links::do_not_follow);
    if (!in) return in.error();
    const auto status = (*in)->status();
    if (!status) return status.error();
    auto out = files_->open_for_appending(job->unfinished_path(), status->permissions & options_.permissions);
    if (!out) return out.error();
    job->in = std::move(*in);
    job->out = std::move(*out);
    job_ = std::move(job);
    // If the file system permits, those who could read the old file can read this one.
    auto given = job_->out->give_to_group(options_.group ? *options_.group : status->gid);
    if (given || !options_.group) return {};
    if (!os::is_refused_by_file_system(given.error())) return given;
    if (!failure_) failure_ = given.error();
    return {};
}

// The old file is removed only after the new one is on the disk. A step makes at most one call that may hang: a thread
// that returns late from it may not make the next one.
Result<void> LogArchive::go_on() {
    Job& job = *job_;
    switch (job.next) {
        case Job::Next::piece:
            return compress_piece();
        case Job::Next::sync:
            job.next = Job::Next::rename;
            return job.out->sync();
        case Job::Next::rename:
            job.next = Job::Next::remove;
            return files_->rename(job.unfinished_path(), job.path + std::string{compressed_suffix});
        case Job::Next::remove:
            break;
    }
    const auto removed = files_->remove(job.path);
    job_.reset();
    return removed;
}

Result<void> LogArchive::compress_piece() {
    const auto bytes = job_->in->read_at(job_->offset, piece);
    if (!bytes) return bytes.error();
    job_->offset += bytes->size();
    const bool ends = bytes->size() < piece;
    const std::string compressed =
        job_->stream.compress(*bytes, ends ? GzipStream::Input::ends : GzipStream::Input::goes_on);
    if (const auto written = job_->out->write(compressed); !written) return *written.failure;
    if (ends) job_->next = Job::Next::sync;
    return {};
}

LogArchive::Step LogArchive::note(const Result<void>& done) {
    if (done) return Step::more;
    if (!failure_) failure_ = done.error();
    if (job_) static_cast<void>(files_->remove(job_->unfinished_path()));
    job_.reset();
    return Step::more;
}

bool LogArchive::is_rotated_name(std::string_view name) const {
    if (!name.starts_with(name_)) return false;
    name.remove_prefix(name_.size());
    if (name.empty() || name.front() != '-') return false;
    name.remove_prefix(1);
    if (name.ends_with(compressed_suffix)) name.remove_suffix(compressed_suffix.size());
    return is_rotation_stamp(name);
}

Result<std::vector<LogArchive::RotatedFile>> LogArchive::rotated_files() const {
    const auto names = files_->list(directory_);
    if (!names) return names.error();
    std::vector<RotatedFile> old;
    for (const std::string& name : *names) {
        if (!is_rotated_name(name)) continue;
        const std::string path = directory_ == "/" ? "/" + name : directory_ + '/' + name;
        const auto status = files_->status(path, os::Links::do_not_follow);
        if (status && *status && (*status)->type == os::FileType::regular)
            old.push_back({path, name.ends_with(compressed_suffix), (*status)->size});
    }
    const std::string now = path_ + '-' + rotation_stamp(clock_->system_now() + AgeOrder::slack);
    std::sort(old.begin(), old.end(), [is_older = AgeOrder{now}](const RotatedFile& a, const RotatedFile& b) {
        return is_older(a.path, b.path);
    });
    return old;
}

Result<LogArchive::Step> LogArchive::remove_too_many() {
    std::optional<Error> failure = std::exchange(failure_, std::nullopt);
    if (options_.keep_files == 0 && options_.keep_bytes == 0) {
        if (failure) return *failure;
        return Step::done;
    }
    const auto old = rotated_files();
    if (!old) return old.error();
    std::uint64_t bytes = 0;
    std::size_t kept = 0;
    for (auto file = old->rbegin(); file != old->rend(); ++file) {
        ++kept;
        bytes += file->bytes;
        const bool too_many = options_.keep_files != 0 && kept > options_.keep_files;
        const bool too_large = options_.keep_bytes != 0 && bytes > options_.keep_bytes;
        if (!too_many && !too_large) continue;
        if (auto removed = files_->remove(file->path); !removed && !failure) failure = removed.error();
    }
    if (failure) return *failure;
    return Step::done;
}

}  // namespace servicekit::policies
