#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/network.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/command.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::test {

/// Real etcd servers with their data in memory if the system has a place for it. The destructor kills them.
class Etcd {
public:
    struct Options {
        int nodes = 3;
        const Network* network = nullptr;  ///< node N runs on its machine N; without one, all are on the loopback
        Strings arguments = {};            ///< of each node
        bool is_plain = true;              ///< clients use http; otherwise https
        Strings curl = {};                 ///< further options of this object's own requests
    };

    /// Returns when all nodes answer.
    Etcd();
    explicit Etcd(Options options);
    Etcd(const Etcd&) = delete;
    Etcd& operator=(const Etcd&) = delete;
    ~Etcd();

    /// \returns why there can be no etcd here; empty if there can be
    [[nodiscard]] static std::string obstacle();

    [[nodiscard]] int size() const noexcept { return static_cast<int>(nodes_.size()); }
    /// The URL for clients of a node.
    [[nodiscard]] std::string url(int node) const;
    [[nodiscard]] Value::List urls() const;

    /// Ends a node with the signal, and waits until it is gone. Its data remain.
    void end(int node, int signal);
    void signal(int node, int signal) const;
    /// Starts a node that has ended. await_health() waits for it.
    void start(int node);
    void await_health();

    /// The node that leads. Waits until there is one.
    [[nodiscard]] int leader() const;
    /// Sends a request, to each node in turn until one answers it.
    [[nodiscard]] Object request(const std::string& path, const Object& body) const;
    /// Sends a request to one node. \returns nothing without a reply with status 200
    [[nodiscard]] std::optional<Object> request(int node, const std::string& path, const Object& body) const;

    /// A key, with its value as text.
    struct Entry {
        std::string key;
        std::string value;
        std::uint64_t create_revision = 0;
        std::string lease;  ///< empty: none
    };
    /// The keys that begin with the prefix, in the order of their creation.
    [[nodiscard]] std::vector<Entry> entries(const std::string& prefix) const;
    /// Sends the arguments to etcdctl(1) for the first node. \throws std::runtime_error if it fails
    std::string control(const Strings& arguments) const;
    /// Sum over all nodes: requests that clients have begun.
    [[nodiscard]] double requests_begun() const;
    /// How often a leader complained that it got no CPU or no disk in time.
    [[nodiscard]] int starvations() const;
    /// The last lines of the logs, for the message of a failed test.
    [[nodiscard]] std::string logs() const;

private:
    struct Node {
        std::string address;
        int client_port = 2379;
        int peer_port = 2380;
        std::unique_ptr<RunningCommand> process;
    };

    [[nodiscard]] std::string file(const std::string& name) const { return directory_ + "/" + name; }
    [[nodiscard]] const Node& at(int node) const;
    [[nodiscard]] Node& at(int node);
    [[nodiscard]] bool is_healthy(int node) const;
    [[nodiscard]] Outcome curl(int node, const std::string& path, const Strings& arguments) const;

    Options options_;
    std::string directory_;
    std::FILE* remover_;  ///< stdin of a process that removes the directory at its end, even if this process is killed
    std::vector<Node> nodes_;
};

[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::string from_base64(std::string_view text);
/// Returns the end of the range of keys that begin with the prefix.
[[nodiscard]] std::string range_end(std::string prefix);

}  // namespace servicekit::test
