#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "policies/log/file/gunzip_stream.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::cli {

/// Reads a log file to its end, plain or compressed with gzip.
class LogSource {
public:
    enum class Form { plain, gzip };

    LogSource(std::string path, std::unique_ptr<os::File> file, Form form, std::uint64_t offset = 0);

    /// Opens a rotated file. Its name ends in `.gz` if it has been compressed since.
    /// \param path its uncompressed name
    /// \returns nothing if it is gone
    static Result<std::optional<LogSource>> open_old(os::Files& files, const std::string& path);

    /// \returns the next piece; empty at the end, or if a plain file has no more yet
    Result<std::string> next();
    /// Makes next() return a text again. \param text the end, or all, of its last result
    void put_back(std::string text) { pending_ = std::move(text); }
    /// Makes the following next() report the end.
    void skip_rest() noexcept { is_over_ = true; }
    /// Continues at an offset of a plain file.
    void go_to(std::uint64_t offset) noexcept { offset_ = offset; }

    /// Returns true if this plain file begins with the same text as another source. Then it was compressed into that.
    /// \param other nothing has been read from it yet
    Result<bool> begins_as(LogSource& other);

    [[nodiscard]] Form form() const noexcept { return gunzip_ ? Form::gzip : Form::plain; }
    [[nodiscard]] os::File& file() const noexcept { return *file_; }
    /// Returns the offset of the next piece in the file.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

private:
    Result<std::string> next_of_gzip();

    std::string path_;
    std::unique_ptr<os::File> file_;
    std::optional<policies::GunzipStream> gunzip_;
    std::uint64_t offset_;
    std::string pending_;
    bool is_over_ = false;
};

}  // namespace servicekit::cli
