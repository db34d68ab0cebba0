#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "servicekit/base/result.hpp"

namespace servicekit::cluster {

/// How the time of a lease is divided. docs/decisions/0051-a-lock-in-etcd-over-its-json-gateway.md
struct LeasePlan {
    std::chrono::milliseconds ttl{0};        ///< granted by etcd
    std::chrono::milliseconds margin{0};     ///< the holder's deadline is earlier than the end of the lease by this
    std::chrono::milliseconds loss_stop{0};  ///< for on_stop() on a loss, before the deadline
    /// The holder gives up by this before its deadline: loss_stop, and enough that it has given up when etcd reports
    /// that the lease lasts for less than one second.
    std::chrono::milliseconds give_up{0};
    std::chrono::milliseconds period{0};    ///< from one renewal to the next
    std::chrono::milliseconds patience{0};  ///< for a request of a renewal, before another endpoint is asked
    /// For any other request.
    std::chrono::milliseconds long_patience{0};

    /// \param loss_stop nothing: a third of the TTL
    /// \returns an error of ExitCode::configuration, with the arithmetic, if the parts do not fit the TTL
    [[nodiscard]] static Result<LeasePlan> of(std::chrono::milliseconds ttl,
                                              std::optional<std::chrono::milliseconds> loss_stop,
                                              std::size_t endpoints);
    /// Returns the margin for a TTL.
    [[nodiscard]] static std::chrono::milliseconds margin_of(std::chrono::milliseconds ttl);

    // The limits of cluster-ttl.
    static constexpr std::chrono::seconds shortest_ttl{2};
    static constexpr std::chrono::seconds longest_ttl{3'600};
};

}  // namespace servicekit::cluster
