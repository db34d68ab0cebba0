// A server that appends each line it gets to a journal; all that makes it a unix service comes from servicekit.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

namespace fs = std::filesystem;
using servicekit::Arguments, servicekit::Context, servicekit::ParameterType, servicekit::Reply, servicekit::Settings;

class JustAnotherServer final : public servicekit::Service {
public:
    JustAnotherServer() {
        events().add({.name = "backup",
                      .description = "copies the data folder",
                      .parameters = {{.name = "directory", .type = ParameterType::path, .description = "where to"}},
                      .handler = [this](const Arguments& arguments, Context& context) {
                          return back_up(arguments.get<std::string>("directory"), context);
                      }});
    }

private:
    // Reads everything into locals first, so that a configuration that is no good changes nothing.
    void on_load(Settings& settings) override {
        if (settings.is_client()) return;
        const auto app = settings.app();
        app.allow_only({"port", "data-directory", "greeting"});
        const auto port = app.get<std::uint16_t>("port", 0);
        fs::path data = app.get<std::string>("data-directory");
        std::string greeting = app.get<std::string>("greeting", "hello");

        const std::lock_guard guard{mutex_};
        greeting_ = std::move(greeting);
        if (listener_ >= 0) return;  // a running server keeps its port and folder
        port_ = port;
        data_ = fs::absolute(data);
    }

    void on_start() override {
        fs::create_directories(data_);
        journal_.open(data_ / "journal.log", std::ios::app);
        if (!journal_)
            throw std::system_error(errno, std::generic_category(), "open " + (data_ / "journal.log").string());

        sockaddr_in address{
            .sin_family = AF_INET, .sin_port = htons(port_), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        const int yes = 1;
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(listener_, generic, size) != 0 || listen(listener_, 128) != 0 ||
            getsockname(listener_, generic, &size) != 0)
            throw std::system_error(errno, std::generic_category(), "listen on port " + std::to_string(port_));
        port_ = ntohs(address.sin_port);
        wake_ = eventfd(0, EFD_CLOEXEC);
        server_ = std::thread([this] { serve(); });
        log().info("listening on 127.0.0.1:" + std::to_string(port_));
    }

    void on_stop() override {
        eventfd_write(wake_, 1);
        server_.join();
        close(listener_);
        close(wake_);
        journal_.close();
    }

    void on_status(Reply& reply) override {
        reply.set("port", port_).set("connections", connections_.load()).set("lines", lines_.load());
    }

    void serve() {
        std::map<int, std::string> clients;  // by descriptor: what came of a line so far
        for (bool stopping = false; !stopping;) {
            std::vector<pollfd> waiting{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
            for (const auto& [client, text] : clients) waiting.push_back({client, POLLIN, 0});
            if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
            stopping = waiting[0].revents != 0;  // then what has arrived is still written
            for (const pollfd& ready : waiting) {
                if (ready.revents == 0 || ready.fd == wake_) continue;
                if (ready.fd != listener_) {
                    if (!receive(ready.fd, clients[ready.fd])) clients.erase(ready.fd);
                } else if (const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
                           client >= 0) {
                    const std::lock_guard guard{mutex_};
                    const std::string line = greeting_ + "\n";
                    send(client, line.data(), line.size(), MSG_NOSIGNAL);
                    clients[client];
                }
            }
            journal_.flush();
            connections_ = clients.size();
        }
        for (const auto& [client, text] : clients) close(client);
    }

    bool receive(int client, std::string& text) {
        char buffer[65536];
        for (ssize_t size = 0; (size = recv(client, buffer, sizeof buffer, 0)) != 0;) {
            if (size < 0 && errno == EAGAIN) return true;
            if (size < 0) break;
            text.append(buffer, static_cast<std::size_t>(size));
            const auto end = text.rfind('\n') + 1;
            journal_.write(text.data(), static_cast<std::streamsize>(end));
            lines_ += static_cast<std::uint64_t>(
                std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
            text.erase(0, end);
        }
        close(client);
        return false;
    }

    // Each file is complete or absent at its place: what an earlier backup left there is lost only to a newer one.
    Reply back_up(const fs::path& directory, Context& context) {
        fs::create_directories(directory);
        std::vector<fs::path> files;
        for (const auto& entry : fs::recursive_directory_iterator(data_))
            if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), data_));
        std::uintmax_t bytes = 0;
        for (std::size_t done = 0; done < files.size(); ++done) {
            if (context.stop_token().stop_requested())
                throw std::runtime_error("the service stops; the backup is unfinished");
            const fs::path target = directory / files[done];
            const fs::path partial = target.string() + ".partial";
            fs::create_directories(target.parent_path());
            fs::copy_file(data_ / files[done], partial, fs::copy_options::overwrite_existing);
            fs::rename(partial, target);
            bytes += fs::file_size(target);
            context.progress(done + 1, files.size(), files[done].string());
        }
        return {{"files", files.size()}, {"bytes", bytes}};
    }

    std::mutex mutex_;
    std::string greeting_;
    std::uint16_t port_ = 0;
    fs::path data_;
    std::ofstream journal_;
    int listener_ = -1;
    int wake_ = -1;
    std::thread server_;
    std::atomic<std::size_t> connections_{0};
    std::atomic<std::uint64_t> lines_{0};
};

int main(int argc, char** argv) {
    return servicekit::service_main<JustAnotherServer>(
        argc, argv,
        {.name = "just-another-server", .version = "1.0", .description = "keeps a journal of the lines that it gets"});
}
