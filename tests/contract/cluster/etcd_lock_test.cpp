#include "servicekit/cluster/etcd_lock.hpp"

#include <chrono>
#include <string>

#include "servicekit/contract_tests/lock_contract.hpp"
#include "servicekit/mocks/fake_etcd.hpp"
#include "servicekit/mocks/fake_os.hpp"

namespace servicekit::contract_tests {
namespace {

class EtcdLockRig {
public:
    using Policy = EtcdLock;
    static constexpr bool excludes = true;

    void act_as(int instance) { host_.process.set_id(4710 + instance); }
    EtcdLock make_policy() {
        return EtcdLock{{.endpoints = etcd_.endpoints()}, host_.host(), etcd_.transport("machine")};
    }
    static Deployment deployment() { return {.name = "trial", .pid_file = "/run/trial.pid"}; }
    void pass_time() { host_.advance(std::chrono::seconds{1}); }

private:
    mocks::FakeOs host_;
    mocks::FakeEtcd etcd_{host_.reactor};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Etcd, LockContract, EtcdLockRig);

}  // namespace
}  // namespace servicekit::contract_tests
