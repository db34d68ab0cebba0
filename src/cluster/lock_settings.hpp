#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"
#include "servicekit/cluster/etcd_lock.hpp"
#include "servicekit/policy/deployment.hpp"

namespace servicekit::cluster {

/// Returns the options with what the deployment sets.
[[nodiscard]] EtcdLock::Options with_settings(EtcdLock::Options options, const ClusterPlan& plan);

/// Does the reverse: returns what the options have, for people.
[[nodiscard]] ClusterPlan plan_of(const EtcdLock::Options& options);

/// Checks what can be checked without etcd. \returns an error of ExitCode::configuration
[[nodiscard]] Result<void> check_options(const EtcdLock::Options& options);

/// Returns the TTL in whole seconds, as etcd takes it.
[[nodiscard]] std::chrono::seconds ttl_of(const EtcdLock::Options& options);

/// Returns the URLs without slashes at their ends.
[[nodiscard]] std::vector<std::string> endpoints_of(const EtcdLock::Options& options);

/// Returns the key of the service, to which the names of other keys are appended: "/servicekit/greeter".
[[nodiscard]] std::string key_of_service(const EtcdLock::Options& options, const std::string& service);

}  // namespace servicekit::cluster
