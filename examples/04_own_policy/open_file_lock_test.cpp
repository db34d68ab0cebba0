// Runs the contract tests of a lock policy on this policy.
#include "open_file_lock.hpp"

#include <servicekit/contract_tests/lock_contract.hpp>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace {

/// Two open file descriptions contend for the lock, even in one process.
class OpenFileLockRig {
public:
    using Policy = OpenFileLock;
    static constexpr bool excludes = true;

    OpenFileLockRig() {
        if (mkdtemp(directory_.data()) == nullptr)
            throw std::runtime_error{"cannot make a directory like " + directory_};
    }
    ~OpenFileLockRig() { std::filesystem::remove_all(directory_); }
    OpenFileLockRig(const OpenFileLockRig&) = delete;
    OpenFileLockRig& operator=(const OpenFileLockRig&) = delete;

    void act_as(int /*instance*/) {}
    static OpenFileLock make_policy() { return OpenFileLock{}; }
    [[nodiscard]] servicekit::Deployment deployment() const {
        return {.name = "trial", .pid_file = directory_ + "/trial.pid"};
    }

private:
    std::string directory_ = std::filesystem::temp_directory_path() / "own-policy-XXXXXX";
};

}  // namespace

namespace servicekit::contract_tests {
INSTANTIATE_TYPED_TEST_SUITE_P(OpenFileLock, LockContract, OpenFileLockRig);
}  // namespace servicekit::contract_tests
