// The same service with the lock of one machine, to compare the memory that they need.
#include "cluster/programs/cluster_trial.hpp"

#include <servicekit/service.hpp>

int main(int argc, char** argv) {
    using servicekit::test::ClusterTrial;
    return servicekit::service_main<ClusterTrial<servicekit::Service>>(argc, argv,
                                                                       {.name = "local-trial", .version = "1.0"});
}
