#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cluster/etcd_client.hpp"
#include "servicekit/base/result.hpp"
#include "servicekit/cluster/transport.hpp"
#include "servicekit/os/interfaces.hpp"

namespace servicekit::cluster {

/// Asks etcd whether there are contenders besides the one whose key has this create revision. One whose lease was not
/// renewed lately does not count: its process has ended, or hangs.
[[nodiscard]] Result<bool> has_other_contenders(EtcdClient::Options options, HttpTransport& transport, os::Clock& clock,
                                                const std::string& directory, std::int64_t own_revision,
                                                std::chrono::milliseconds at_most);

}  // namespace servicekit::cluster
