#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "policies/log/file/gunzip_stream.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit::cli {

/// A log file that is read to its end, plain or compressed with gzip.
class LogSource {
public:
    enum class Form { plain, gzip };

    LogSource(std::string path, std::unique_ptr<os::File> file, Form form, std::uint64_t offset = 0);

    /// Opens an old file, whose name ends in `.gz` by now where it was compressed meanwhile.
    /// \param path as it is called while it is not compressed
    /// \returns nothing where it is gone
    static Result<std::optional<LogSource>> open_old(os::Files& files, const std::string& path);

    /// \returns the next piece; empty at the end, of a plain one where there is no more yet.
    Result<std::string> next();
    /// Has next() return it once more. \param text the end, or all, of what it has just returned
    void put_back(std::string text) { pending_ = std::move(text); }
    /// Is at its end from here on.
    void skip_rest() noexcept { is_over_ = true; }
    /// Goes on there, in a plain one.
    void go_to(std::uint64_t offset) noexcept { offset_ = offset; }

    /// Whether a plain one begins as another one does: it is what was compressed into that.
    /// \param other nothing was read of it yet
    Result<bool> begins_as(LogSource& other);

    [[nodiscard]] Form form() const noexcept { return gunzip_ ? Form::gzip : Form::plain; }
    [[nodiscard]] os::File& file() const noexcept { return *file_; }
    /// Where the next piece begins, in the file.
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
