#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "integration/os/temporary_directory.hpp"
#include "integration/support/command.hpp"

namespace servicekit::test {

/// A machine in which systemd is pid 1, with its own journal and network: systemd-nspawn(1) with the root directory of
/// a Debian release. All changes in it are discarded with it. The test programs are in its $PATH.
class Machine {
public:
    /// Boots it. \throws std::runtime_error with the console output if it does not boot
    explicit Machine(const std::string& root);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    /// Kills everything that runs in it, even what hangs.
    ~Machine();

    /// Returns the root directory for a release, from scripts/systemd-root. \param obstacle why there is none or it
    /// can't boot
    [[nodiscard]] static std::string root_of(const std::string& release, std::string& obstacle);

    /// Runs a script with sh(1) in the machine, as root in `/`.
    [[nodiscard]] Outcome shell(const std::string& script) const;
    /// Starts a script, which runs while the test goes on.
    [[nodiscard]] std::unique_ptr<RunningCommand> begin(const std::string& script) const;

private:
    [[nodiscard]] Command command(const std::string& script) const;
    void await_boot();
    void power_off() noexcept;

    os::test::TemporaryDirectory directory_;
    std::vector<std::string> cgroups_;  ///< its own, in each hierarchy that systemd uses
    std::unique_ptr<RunningCommand> container_;
    pid_t leader_ = 0;  ///< its pid 1
};

}  // namespace servicekit::test
