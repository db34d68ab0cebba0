#pragma once

#include <memory>
#include <string>
#include <vector>

#include "integration/support/command.hpp"

namespace servicekit::test {

/// Machines on one wire: network namespaces with a bridge between them. Everything disappears with this process, even
/// if it is killed, because only its children are in the namespaces.
class Network {
public:
    /// Moves the calling thread, and what it starts after that, to a namespace of its own, which has the bridge.
    /// \throws std::runtime_error if the network cannot be made
    explicit Network(int machines);

    /// \returns why this process may not make networks; empty if it may
    [[nodiscard]] static std::string obstacle();

    /// Returns the command as the machine runs it.
    [[nodiscard]] Command on(int machine, Command command) const;
    [[nodiscard]] static std::string address_of(int machine);

    /// Takes the machine's cable away, or plugs it in again. Packets are lost, and nobody gets an error at once.
    void cut(int machine) const;
    void join(int machine) const;
    /// What `from` sends to `to` is lost, and so no connection between them works. Others still reach both.
    void cut(int from, int to) const;
    void join(int from, int to) const;
    /// Both ways.
    void separate(int machine, int other) const;
    void reunite(int machine, int other) const;

private:
    void configure(int machine, const std::string& commands) const;

    std::vector<std::unique_ptr<RunningCommand>> machines_;  ///< each keeps its namespace
};

/// Returns a command that the kernel kills if this process ends. \pre called on the main thread
[[nodiscard]] Command mortal(Command command);

}  // namespace servicekit::test
