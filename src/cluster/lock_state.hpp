#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/election.hpp"
#include "cluster/etcd_client.hpp"
#include "servicekit/os/clock.hpp"

namespace servicekit::cluster {

/// What any thread may ask of the lock, while the thread of the election changes it.
struct LockState {
    std::atomic<os::BootClock::rep> active_until{0};  ///< 0: not active
    std::atomic<std::uint64_t> token{0};              ///< 0: not active

    std::mutex mutex;  ///< guards what follows
    Election::View view;
    std::vector<EtcdClient::Endpoint> endpoints;
};

}  // namespace servicekit::cluster
