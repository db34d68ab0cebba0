#include <string>

#include "servicekit/contract_tests/lock_contract.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/mocks/fake_standby_lock.hpp"
#include "servicekit/policies/lock/no_lock.hpp"
#include "servicekit/policies/lock/pid_file_lock.hpp"

namespace servicekit::contract_tests {
namespace {

class PidFileLockRig {
public:
    using Policy = PidFileLock;
    static constexpr bool excludes = true;

    void act_as(int instance) { host_.process.set_id(4710 + instance); }
    PidFileLock make_policy() { return PidFileLock{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial", .pid_file = "/run/trial.pid"}; }

private:
    mocks::FakeOs host_;
};

class NoLockRig {
public:
    using Policy = NoLock;
    static constexpr bool excludes = false;

    void act_as(int /*instance*/) {}
    static NoLock make_policy() { return NoLock{}; }
    static Deployment deployment() { return {.name = "trial", .pid_file = "/run/trial.pid"}; }
};

class FakeStandbyLockRig {
public:
    using Policy = mocks::FakeStandbyLock;
    static constexpr bool excludes = true;

    void act_as(int instance) { host_.process.set_id(4710 + instance); }
    mocks::FakeStandbyLock make_policy() { return mocks::FakeStandbyLock{{.contest = &contest_}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial", .pid_file = "/run/trial.pid"}; }
    static void pass_time() {}  // it tells at once

private:
    mocks::FakeOs host_;
    mocks::FakeContest contest_;
};

using LockRigs = ::testing::Types<PidFileLockRig, NoLockRig, FakeStandbyLockRig>;

INSTANTIATE_TYPED_TEST_SUITE_P(Ours, LockContract, LockRigs);

}  // namespace
}  // namespace servicekit::contract_tests
