#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

/// Runs a command on each file in the directory `new` of a spool. It knows nothing of servicekit.
class Worker {
public:
    /// Sets the shell command. It gets the file on stdin, and its output is kept. Any thread may call this.
    void set_command(std::string command);
    /// Starts to work on a thread of its own. The output goes to `done`. If the command fails, its file goes to
    /// `failed`.
    void start(const std::filesystem::path& spool);
    /// Finishes the current file. The other files wait for the next start.
    void stop();

    [[nodiscard]] std::uint64_t done() const { return done_; }
    [[nodiscard]] std::uint64_t failed() const { return failed_; }

private:
    void work(const std::stop_token& stop);
    void run_on(const std::filesystem::path& file);
    [[nodiscard]] std::string command() const;

    mutable std::mutex command_mutex_;
    std::string command_;
    std::filesystem::path spool_;
    std::atomic<std::uint64_t> done_{0};
    std::atomic<std::uint64_t> failed_{0};
    std::jthread thread_;
};
