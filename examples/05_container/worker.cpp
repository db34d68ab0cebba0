#include "worker.hpp"

#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace fs = std::filesystem;

namespace {

/// Returns the text as one quoted word of the shell.
std::string in_quotes(const std::string& text) {
    std::string word = "'";
    for (const char c : text) {
        if (c == '\'') {
            word += R"('\'')";
        } else {
            word += c;
        }
    }
    return word + "'";
}

}  // namespace

void Worker::set_command(std::string command) {
    const std::lock_guard lock{command_mutex_};
    command_ = std::move(command);
}

std::string Worker::command() const {
    const std::lock_guard lock{command_mutex_};
    return command_;
}

void Worker::start(const fs::path& spool) {
    spool_ = spool;
    for (const char* const directory : {"new", "done", "failed"}) fs::create_directories(spool_ / directory);
    thread_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
}

void Worker::stop() { thread_ = {}; }

void Worker::work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::error_code error;
        for (const fs::directory_entry& entry : fs::directory_iterator{spool_ / "new", error}) {
            if (stop.stop_requested()) return;
            run_on(entry.path());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
}

void Worker::run_on(const fs::path& file) {
    const fs::path result = spool_ / "done" / file.filename();
    fs::path unfinished = result;
    unfinished += ".part";
    const std::string line =
        "( " + command() + " ) <" + in_quotes(file.string()) + " >" + in_quotes(unfinished.string());
    const int status = std::system(line.c_str());

    std::error_code error;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        fs::rename(unfinished, result, error);
        fs::remove(file, error);
        ++done_;
    } else {
        fs::remove(unfinished, error);
        fs::rename(file, spool_ / "failed" / file.filename(), error);
        ++failed_;
    }
}
