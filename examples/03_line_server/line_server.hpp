#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "descriptor.hpp"

/// A TCP server on the loopback interface that appends each line it gets to a journal. It knows nothing of servicekit.
/// Its functions are virtual so that a test can replace them.
class LineServer {
public:
    struct Status {
        std::uint16_t port = 0;
        std::uint64_t connections = 0;
        std::uint64_t lines = 0;
    };

    LineServer() = default;
    virtual ~LineServer() = default;
    LineServer(const LineServer&) = delete;
    LineServer& operator=(const LineServer&) = delete;

    /// Serves on a thread of its own, which keeps `journal.log` in the directory.
    /// \param port 0 for any free one \throws std::system_error
    virtual void start(std::uint16_t port, const std::filesystem::path& directory);
    /// Writes the lines that have arrived, and closes all connections.
    virtual void stop();
    /// Sets the line that a client gets when it connects. From any thread.
    virtual void set_greeting(std::string greeting);
    /// From any thread.
    [[nodiscard]] virtual Status status() const;

private:
    struct Client {
        Descriptor connection;
        std::string unfinished = {};  // a line without its end
    };

    void serve(const std::stop_token& stop);
    void serve_ready(int timeout);
    bool accept_client();
    bool receive(Client& client);
    bool write_journal();

    std::mutex greeting_mutex_;
    std::string greeting_;
    std::atomic<std::uint16_t> port_{0};
    std::atomic<std::uint64_t> connections_{0};
    std::atomic<std::uint64_t> lines_{0};

    // Used by the thread while it runs.
    Descriptor journal_;
    Descriptor listener_;
    bool can_accept_ = true;
    bool can_write_ = true;
    std::string waiting_;            // lines for the journal
    std::map<int, Client> clients_;  // by descriptor

    std::jthread thread_;
};
