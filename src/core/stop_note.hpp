#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/files.hpp"

namespace servicekit {

/// The file by which a life tells the next one how long its stop took. It is opened by the start and written at the end
/// through the open descriptor, because the service may have become a user who cannot write in its directory.
class StopNote {
public:
    /// \pre the host's parts outlive this
    StopNote(os::Files& files, const os::Clock& clock) : files_{files}, clock_{clock} {}

    using Duration = std::chrono::steady_clock::duration;

    /// Reads the note of the last life, and replaces it by an empty one. An empty note does not count: that life did
    /// not end by a stop.
    /// \param path in a directory that other users cannot change
    Result<void> take_over(const std::string& path);
    /// Returns how long the stop of the last life took. Nothing if that is unknown.
    [[nodiscard]] std::optional<Duration> last_stop() const noexcept { return last_stop_; }

    // For any thread.
    /// Notes that a stop begins now.
    void stop_begins() noexcept;
    /// Writes how long the stop has taken, if one has begun. A second call does nothing. A failure has no consequence
    /// but that the next life does not know the duration.
    void write() noexcept;

private:
    os::Files& files_;
    const os::Clock& clock_;
    std::unique_ptr<os::File> file_;  ///< null if there is none
    std::optional<Duration> last_stop_;
    std::atomic<Duration::rep> began_at_{0};  ///< since the epoch of the steady clock
    std::atomic<bool> has_begun_{false};
    std::atomic<bool> is_written_{false};
};

}  // namespace servicekit
