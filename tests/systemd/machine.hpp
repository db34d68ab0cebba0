#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "integration/os/temporary_directory.hpp"
#include "integration/support/command.hpp"

namespace servicekit::test {

/// A machine in which systemd is pid 1, with a journal and a network of its own: systemd-nspawn(1) over the root
/// directory of a Debian release. What is written in it is gone with it. The test programs are in its $PATH.
class Machine {
public:
    /// Boots it. \throws std::runtime_error with what its console said where it does not come up
    explicit Machine(const std::string& root);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    /// Ends all that runs in it, however it hangs.
    ~Machine();

    /// The root directory for a release, from scripts/systemd-root. \param obstacle why there is none, or none can boot
    [[nodiscard]] static std::string root_of(const std::string& release, std::string& obstacle);

    /// Runs a script of sh(1) in the machine, as root in `/`.
    [[nodiscard]] Outcome shell(const std::string& script) const;
    /// The same that goes on while the test does.
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
