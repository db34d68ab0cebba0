#pragma once
// The application: runs a command on each file that is put into SPOOL/new. It knows nothing of servicekit.
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>

class Worker {
public:
    std::atomic<std::shared_ptr<const std::string>> command;  // gets the file on stdin; what it prints is kept
    std::atomic<std::uint64_t> done{0}, failed{0};

    void start(const std::filesystem::path& spool) {
        spool_ = spool;
        for (const char* directory : {"new", "done", "failed"}) std::filesystem::create_directories(spool_ / directory);
        thread_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
    }

    // The file at work is finished; the others stay for the next time.
    void stop() { thread_ = {}; }

private:
    void work(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::error_code none;
            for (const auto& file : std::filesystem::directory_iterator{spool_ / "new", none}) {
                if (stop.stop_requested()) return;
                run_on(file.path());
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
        }
    }

    // As a word of the shell's.
    static std::string quoted(const std::string& text) {
        std::string word = "'";
        for (const char c : text) word += c == '\'' ? std::string{"'\\''"} : std::string{c};
        return word + "'";
    }

    void run_on(const std::filesystem::path& file) {
        const auto result = spool_ / "done" / file.filename();
        const std::string part = result.string() + ".part";
        const std::string line = "( " + *command.load() + " ) <" + quoted(file.string()) + " >" + quoted(part);
        const int status = std::system(line.c_str());
        const bool succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        std::error_code error;
        if (succeeded) {
            std::filesystem::rename(part, result, error);
            std::filesystem::remove(file, error);
            ++done;
        } else {
            std::filesystem::remove(part, error);
            std::filesystem::rename(file, spool_ / "failed" / file.filename(), error);
            ++failed;
        }
    }

    std::filesystem::path spool_;
    std::jthread thread_;
};
