#include "cli/log_view/log_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace servicekit::cli {
namespace {

constexpr std::size_t piece_of_plain = 65536;
constexpr std::size_t compressed_piece = 8192;
/// This many bytes identify a log, as its lines contain the time to the microsecond.
constexpr std::size_t telling_bytes = 4096;

}  // namespace

LogSource::LogSource(std::string path, std::unique_ptr<os::File> file, Form form, std::uint64_t offset)
    : path_{std::move(path)}, file_{std::move(file)}, offset_{offset} {
    if (form == Form::gzip) gunzip_.emplace();
}

Result<std::optional<LogSource>> LogSource::open_old(os::Files& files, const std::string& path) {
    auto file = files.open_for_reading(path);
    if (file) return std::optional{LogSource{path, std::move(*file), Form::plain}};
    if (file.error().errno_value != ENOENT) return file.error();
    const std::string compressed = path + ".gz";
    file = files.open_for_reading(compressed);
    if (file) return std::optional{LogSource{compressed, std::move(*file), Form::gzip}};
    if (file.error().errno_value != ENOENT) return file.error();
    return std::optional<LogSource>{};
}

Result<std::string> LogSource::next() {
    if (!pending_.empty()) return std::exchange(pending_, {});
    if (is_over_) return std::string{};
    if (gunzip_) return next_of_gzip();
    auto text = file_->read_at(offset_, piece_of_plain);
    if (text) offset_ += text->size();
    return text;
}

Result<std::string> LogSource::next_of_gzip() {
    const auto damaged = [this](std::string reason) { return Error{ExitCode::os, "read", path_, std::move(reason)}; };
    for (;;) {
        if (gunzip_->is_damaged()) return damaged("it is damaged, or not compressed with gzip");
        const auto bytes = file_->read_at(offset_, compressed_piece);
        if (!bytes) return bytes.error();
        if (bytes->empty()) {
            if (gunzip_->is_within_member()) return damaged("it ends too early");
            return std::string{};
        }
        offset_ += bytes->size();
        std::string text = gunzip_->decompress(*bytes);
        if (!text.empty()) return text;
    }
}

Result<bool> LogSource::begins_as(LogSource& other) {
    auto text = other.next();
    if (!text) return text.error();
    other.put_back(*text);
    const std::size_t size = std::min(text->size(), telling_bytes);
    const auto ours = file_->read_at(0, size);
    if (!ours) return ours.error();
    return size > 0 && *ours == text->substr(0, size);
}

}  // namespace servicekit::cli
