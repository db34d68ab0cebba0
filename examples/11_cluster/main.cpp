// A service of which one instance in a cluster is active. The others stand by on other machines.
#include <servicekit/main.hpp>

#include "tally.hpp"

int main(int argc, char** argv) {
    return servicekit::service_main<Tally>(
        argc, argv, {.name = "tally", .version = "1.0", .description = "keeps a number in etcd"});
}
