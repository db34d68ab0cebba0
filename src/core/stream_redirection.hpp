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

/// Where a standard stream of the service leads.
struct StreamPlan {
    enum class Target {
        inherit,  ///< where it led before
        null,
        log,  ///< into the log, line by line
        file,
    };
    Target target = Target::inherit;
    os::StreamFile file = {};  ///< where the target is one
};

/// What a setting says of a stream: `log`, `null`, `inherit`, a path, or an object that says how to open one.
/// \returns ExitCode::configuration for what can't be
[[nodiscard]] Result<StreamPlan> parse_stream_plan(os::Stream stream, const Value& setting);

/// The three standard streams of a service, from the moment on at which its log is open.
class StreamRedirection {
public:
    StreamRedirection(LogRouter& router, const os::Host& host) : router_{router}, host_{host} {}

    /// Says what the policies must know of it beforehand.
    static void adapt(Deployment& deployment, const Settings& settings);
    /// The descriptor that a setting names as the target of the stream. \returns nothing where it names none
    [[nodiscard]] static std::optional<int> descriptor_of(os::Stream stream, const Settings& settings);
    /// Reads the settings.
    /// \param use what the log does with the streams
    Result<void> plan(const Settings& settings, StreamUse use, bool in_background);
    /// Leads them. \pre the log is open
    Result<void> lead();
    /// For a process that is about to become that user.
    Result<void> change_owner(uid_t uid, gid_t gid);
    /// Captured lines come to the log from here on: there may be threads.
    Result<void> start();
    /// Opens files anew, after somebody moved them; on an error the stream goes on with the old one.
    Result<void> reopen();
    /// What was captured is with the log when it returns, or the time is up. Any number of times.
    void stop(std::chrono::milliseconds at_most) noexcept;
    /// Those that are opened again by reopen().
    [[nodiscard]] std::vector<std::string> files() const;
    /// For a process that dies of a signal: tells the log the lines that it was not told yet, and then `records`.
    /// These come before the lines that are left where a log takes its time: it may have none for all of them.
    void write_at_crash(LogPolicy& log, std::span<const LogRecord> records) noexcept;

private:
    [[nodiscard]] Result<StreamPlan> plan_for(os::Stream stream, const Settings& settings, StreamUse use,
                                              bool in_background) const;
    Result<void> lead(os::Stream stream, bool again);
    Result<void> lead_to_file(os::Stream stream, bool again);
    /// Has `write` called with the line as a record, and with what has to be said of it.
    /// \param text for messages that have to be made
    template <class Write>
    void make_records(const os::CapturedLine& line, std::string& text, Write write) const;
    [[nodiscard]] StreamPlan& of(os::Stream stream) noexcept { return plans_[static_cast<std::size_t>(stream)]; }

    LogRouter& router_;
    const os::Host& host_;
    std::array<StreamPlan, 3> plans_{};
    std::unique_ptr<os::StreamCapture> capture_;
    std::atomic<os::StreamCapture*> captures_{nullptr};  ///< for write_at_crash()
    std::string last_text_;                              ///< the same: memory that was taken before
};

}  // namespace servicekit
