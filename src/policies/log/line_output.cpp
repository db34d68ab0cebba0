#include "policies/log/line_output.hpp"

#include <utility>

#include "policies/log/log_line.hpp"

namespace servicekit::policies {

void LineOutput::open_file(std::unique_ptr<os::File> file, std::string source) {
    const Turns::Turn turn{turns_};
    source_ = std::move(source);
    to_stderr_ = false;
    adopt(std::move(file));
    open_ = true;
}

void LineOutput::open_stderr(std::string source) {
    const Turns::Turn turn{turns_};
    source_ = std::move(source);
    to_stderr_ = true;
    open_ = true;
}

void LineOutput::write(const contract::LogRecord& record) noexcept {
    if (!open_) return;
    try {
        std::string line;
        append_log_line(line, record, source_);
        const Turns::Turn turn{turns_};
        if (!open_) return;
        if (to_stderr_)
            streams_->write(os::Stream::error, line);
        else
            write_into_file(std::move(line), record.time);
    } catch (...) {
        ++lost_;
    }
}

bool LineOutput::replace_file(std::unique_ptr<os::File>& file, std::chrono::milliseconds at_most) {
    const Turns::Turn turn{turns_, at_most};
    if (!turn.is_ours()) return false;
    adopt(std::move(file));
    return true;
}

void LineOutput::close(std::chrono::system_clock::time_point now, std::chrono::milliseconds at_most) noexcept {
    if (!open_.exchange(false)) return;
    try {
        const Turns::Turn turn{turns_, at_most};
        if (!turn.is_ours()) return;  // the thread that writes closes the file, as the last who has this object
        if (file_ && lost_ > 0) write_into_file({}, now);
        file_.reset();
    } catch (...) {
        return;  // out of memory for the line that tells of losses
    }
}

void LineOutput::write_into_file(std::string line, std::chrono::system_clock::time_point time) {
    const bool is_record = !line.empty();
    if (lost_ > 0) line.insert(0, loss_line(time));
    if (torn_) line.insert(0, 1, '\n');
    if (const auto done = file_->write(line); !done) {
        if (is_record) ++lost_;
        return note_failure(done.error());
    }
    expected_size_ += line.size();
    torn_ = false;
    lost_ = 0;
}

std::string LineOutput::loss_line(std::chrono::system_clock::time_point time) const {
    const std::uint64_t count = lost_;
    const std::string message = std::to_string(count) + (count == 1 ? " line lost: " : " lines lost: ") +
                                (loss_reason_.empty() ? "out of memory" : loss_reason_);
    std::string line;
    append_log_line(line, {.time = time, .level = LogLevel::warning, .message = message}, source_);
    return line;
}

void LineOutput::adopt(std::unique_ptr<os::File> file) {
    file_ = std::move(file);
    const auto status = file_->status();
    expected_size_ = status ? status->size : 0;
    torn_ = false;
}

void LineOutput::note_failure(const Error& error) {
    loss_reason_ = error.reason;
    // A file that is longer than it was may end within the line that failed. What others wrote meanwhile, as
    // redirected streams do, looks the same; an empty line does no harm then.
    const auto status = file_->status();
    if (!status || status->size != expected_size_) torn_ = true;
    if (status) expected_size_ = status->size;
}

}  // namespace servicekit::policies
