// A service of which at most one is active in a cluster. $CLUSTER_TRIAL_KIND says how it runs: `systemd`, `container`,
// or, without it, in the background.
#include <cstdlib>
#include <string_view>

#include <servicekit/basic_service.hpp>
#include <servicekit/cluster/cluster.hpp>
#include <servicekit/policies.hpp>

#include "cluster/programs/cluster_trial.hpp"

int main(int argc, char** argv) {
    using namespace servicekit;
    using test::ClusterTrial;
    using InSystemd = BasicService<SystemdNotify, EtcdLock, FileLog, UnixSocketControl>;
    using InContainer = BasicService<Foreground, EtcdLock, ConsoleLog, UnixSocketControl>;
    const char* const given = std::getenv("CLUSTER_TRIAL_KIND");
    const std::string_view kind = given == nullptr ? "" : given;
    const ServiceOptions options{.name = "cluster-trial", .version = "1.0"};
    if (kind == "systemd") return service_main<ClusterTrial<InSystemd>>(argc, argv, options);
    if (kind == "container") return service_main<ClusterTrial<InContainer>>(argc, argv, options);
    return service_main<ClusterTrial<ClusterService>>(argc, argv, options);
}
