#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log_router.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/core/settings.hpp"
#include "servicekit/os/host.hpp"
#include "servicekit/os/standard_streams.hpp"
#include "servicekit/os/stream_capture.hpp"
#include "servicekit/policy/deployment.hpp"
#include "servicekit/policy/log_policy.hpp"

namespace servicekit {

/// The target of a standard stream of the service.
struct StreamPlan {
    enum class Target {
        inherit,  ///< unchanged
        null,
        log,  ///< into the log, line by line
        file,
    };
    Target target = Target::inherit;
    os::StreamFile file = {};  ///< if the target is a file
};

/// Parses the setting of a stream: `log`, `null`, `inherit`, a path, or an object that describes how to open one.
/// \returns ExitCode::configuration for an impossible setting
[[nodiscard]] Result<StreamPlan> parse_stream_plan(os::Stream stream, const Value& setting);

/// Redirects the three standard streams of a service, once its log is open.
class StreamRedirection {
public:
    StreamRedirection(LogRouter& router, const os::Host& host) : router_{router}, host_{host} {}

    /// Adapts the deployment to the settings of the streams, before the policies get it.
    static void adapt(Deployment& deployment, const Settings& settings);
    /// Returns the descriptor that a setting names as the target of the stream; nothing if it names none.
    [[nodiscard]] static std::optional<int> descriptor_of(os::Stream stream, const Settings& settings);
    /// Reads the settings.
    /// \param use what the log does with the streams
    Result<void> plan(const Settings& settings, StreamUse use, bool in_background);
    /// Redirects the streams. \pre the log is open
    Result<void> lead();
    /// Gives the files to a user, for a process that is about to become that user.
    Result<void> change_owner(uid_t uid, gid_t gid);
    /// Begins to pass captured lines to the log. Call when there may be threads.
    /// \param loop as for os::StreamCapture::start()
    Result<void> start(os::EventLoop& loop);
    /// Reopens the files after they were moved. If that fails, the stream continues with the old file.
    Result<void> reopen();
    /// Passes all captured output to the log, or as much as the time allows. May be called more than once.
    /// \returns as os::StreamCapture::stop()
    bool stop(std::chrono::milliseconds at_most) noexcept;
    /// Returns the files that reopen() opens again.
    [[nodiscard]] std::vector<std::string> files() const;
    /// Writes the captured lines that the log does not have yet, and then `records`, for a process that dies of a
    /// signal. If the log is slow, `records` are written before the remaining lines, as there may not be time for all
    /// lines.
    void write_at_crash(LogPolicy& log, std::span<const LogRecord> records) noexcept;

private:
    [[nodiscard]] Result<StreamPlan> plan_for(os::Stream stream, const Settings& settings, StreamUse use,
                                              bool in_background) const;
    Result<void> lead(os::Stream stream, bool again);
    Result<void> lead_to_file(os::Stream stream, bool again);
    /// Calls `write` with a record of the line. If lines before it were lost, first calls it with a record of that.
    /// \param text buffer for messages that are composed
    template <class Write>
    void make_records(const os::CapturedLine& line, std::string& text, Write write) const;
    [[nodiscard]] StreamPlan& of(os::Stream stream) noexcept { return plans_[static_cast<std::size_t>(stream)]; }

    LogRouter& router_;
    const os::Host& host_;
    std::array<StreamPlan, 3> plans_{};
    std::unique_ptr<os::StreamCapture> capture_;
    std::atomic<os::StreamCapture*> captures_{nullptr};  ///< for write_at_crash()
    std::string last_text_;                              ///< for write_at_crash(): memory that is allocated in advance
};

}  // namespace servicekit
