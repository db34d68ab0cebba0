#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "servicectl/places.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl {

/// What was found at a place.
struct Finding {
    enum class State {
        answers,      ///< `status` has its reply
        too_long,     ///< its reply is longer than this program reads
        hung,         ///< a process listens or holds the lock, and does not answer
        no_access,    ///< this user may not connect, or not ask
        no_socket,    ///< a process holds the lock, and does not listen
        on_demand,    ///< a service manager listens, and no service runs
        dead,         ///< a killed service has left its pidfile or socket
        stopped,      ///< nothing runs
        not_trusted,  ///< a link, or a server that is not the owner of the place
        not_asked,    ///< the time was over, or this process has too few descriptors
    };
    State state = State::not_asked;
    Object status = {};              ///< the reply; that of another event, if the survey asked for one
    pid_t pid = 0;                   ///< 0 if unknown
    std::optional<uid_t> user = {};  ///< of the process, if known
    std::optional<os::ProcessUsage> usage = {};
    std::string reason = {};   ///< why there is no status
    bool has_replied = false;  ///< it sent a reply, which may be an error
};

/// Returns for example "hung", or the state that the service reports.
[[nodiscard]] std::string state_in_words(const Finding& finding);
/// Returns true if a process serves the place or holds its lock.
[[nodiscard]] bool is_running(const Finding& finding) noexcept;

/// Returns that the service speaks a version of the protocol that this program does not know; nothing if it does not. A
/// service of version 1 does not report the version.
[[nodiscard]] std::optional<std::string> newer_protocol(const Finding& finding);
/// Returns the event that the service reports to run, with the fields `event` and `seconds`; empty if none does.
[[nodiscard]] Object busy_with(const Object& status);

/// What a survey asks, and how it is ended.
struct Question {
    std::string event = "status";  ///< one that changes nothing
    std::stop_token stop = {};     ///< ends the survey early, as if the time were over
    /// Limit of a reply in bytes: enough for any status, and little for a server that sends without end.
    std::size_t longest = std::size_t{256} << 10U;
    /// The same for another user's service. The values in such a text take about 350 KiB at most. find_places() returns
    /// at most 256 services of such a user, so the user can make this process take 90 MiB, and not 1.4 GiB.
    std::size_t longest_of_others = std::size_t{16} << 10U;
    /// Takes each reply as it arrives, so that the findings do not keep all of them. Called on another thread.
    /// \param place an index
    std::function<void(std::size_t place, Object reply)> on_reply = {};
};

/// Asks all services for their status at the same time. Never waits longer than `at_most`, whatever the services do.
/// After that it reads only what root's services and those of this process's user have already sent, so that other users
/// cannot make them look hung.
/// \returns a finding for each place
[[nodiscard]] std::vector<Finding> survey(const std::vector<Place>& places, std::chrono::milliseconds at_most,
                                          const os::Host& host, const Question& question = {});

}  // namespace servicekit::servicectl
