#include <servicekit/cluster/cluster.hpp>

#include <iostream>

int main() {
    const servicekit::EtcdLock lock{{.endpoints = {"https://127.0.0.1:2379"}}};
    if (!lock.has_standby() || lock.is_active()) return 1;
    std::cout << "used the component cluster\n";
}
