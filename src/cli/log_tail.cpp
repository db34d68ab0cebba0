#include "cli/log_tail.hpp"

#include <algorithm>
#include <utility>

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

}  // namespace

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

Result<void> LogTail::follow() {
    const auto status = file_->status();
    if (!status) return status.error();
    const auto at_path = files_->status(path_, os::Links::follow);
    if (!at_path) return at_path.error();
    // Between the move and the reopening nothing is there, and lines may still come into the old one.
    if (at_path->has_value() && !(*at_path)->is_same_file(*status)) {
        auto file = files_->open_for_reading(path_);
        if (!file) return file.error();
        file_ = std::move(*file);
        offset_ = 0;
    } else if (status->size < offset_) {
        offset_ = 0;
    }
    return {};
}

}  // namespace servicekit::cli
