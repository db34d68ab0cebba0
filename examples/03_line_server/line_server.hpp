#pragma once

#include <servicekit/core/metrics.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "descriptor.hpp"

/// A TCP server on the loopback interface that appends each line it receives to a journal. It knows nothing of
/// servicekit except the values that it updates. Its functions are virtual so that a test can replace them.
class LineServer {
public:
    /// The values that it publishes. A LineServer without a service publishes nothing.
    struct Figures {
        servicekit::Gauge port;
        servicekit::Gauge connections;
        servicekit::Counter lines;
    };

    LineServer() = default;
    virtual ~LineServer() = default;
    LineServer(const LineServer&) = delete;
    LineServer& operator=(const LineServer&) = delete;

    /// Starts to serve on a thread of its own, and keeps `journal.log` in the directory.
    /// \param port 0 takes any free port \throws std::system_error
    virtual void start(std::uint16_t port, const std::filesystem::path& directory, const Figures& figures);
    /// Writes the lines that have arrived to the journal, and closes all connections.
    virtual void stop();
    /// Sets the line that a client gets when it connects. Any thread may call it.
    virtual void set_greeting(std::string greeting);

private:
    struct Client {
        Descriptor connection;
        std::string unfinished = {};  // a line whose newline has not arrived yet
    };

    void serve(const std::stop_token& stop);
    void serve_ready(int timeout);
    bool accept_client();
    bool receive(Client& client);
    bool write_journal();

    std::mutex greeting_mutex_;
    std::string greeting_;

    // Only the thread uses these while it runs.
    Figures figures_;
    Descriptor journal_;
    Descriptor listener_;
    bool can_accept_ = true;
    bool can_write_ = true;
    std::string waiting_;            // lines to write to the journal
    std::map<int, Client> clients_;  // by descriptor

    std::jthread thread_;
};
