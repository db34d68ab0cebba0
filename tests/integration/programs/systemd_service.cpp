// A service for a systemd unit. It shows what it was given, and misbehaves on request. It logs to the journal at
// $TRIAL_JOURNAL if that is set.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <servicekit/basic_service.hpp>
#include <servicekit/main.hpp>
#include <servicekit/policies.hpp>
#include <servicekit/service.hpp>

using servicekit::Arguments, servicekit::Context, servicekit::Object, servicekit::ParameterType, servicekit::Reply;

namespace {

/// Waits until somebody writes a line to the file.
void await_line(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
}

Reply hold(const Arguments& arguments, Context&) {
    await_line(arguments.get<std::string>("path"));
    return {};
}

servicekit::JournalLog::Options journal() {
    servicekit::JournalLog::Options options;
    if (const char* const socket = std::getenv("TRIAL_JOURNAL")) options.socket = socket;
    return options;
}

/// Returns the environment of a child of the service.
Reply environment_of_child(const Arguments&, Context&) {
    std::FILE* const child = ::popen("env", "r");
    if (child == nullptr) throw std::runtime_error("popen failed");
    std::string text;
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), child) != nullptr) text += buffer.data();
    ::pclose(child);
    return {{"text", text}};
}

}  // namespace

class SystemdTrial final : public servicekit::SystemdService {
public:
    explicit SystemdTrial(servicekit::ServiceOptions options)
        : BasicService{std::move(options), {}, Policies{.log = servicekit::JournalLog{journal()}}} {
        events().add({.name = "hold", .parameters = {{.name = "path", .type = ParameterType::path}}, .handler = hold});
        events().add({.name = "note",
                      .parameters = {{.name = "files", .type = ParameterType::integer}},
                      .handler = [this](const Arguments& arguments, Context&) {
                          log().info("noted", {{"files", arguments.get<std::int64_t>("files")}});
                          return Reply{};
                      }});
        events().add({.name = "write",
                      .parameters = {{.name = "path", .type = ParameterType::path}},
                      .handler = [](const Arguments& arguments, Context&) {
                          std::ofstream file{arguments.get<std::string>("path")};
                          file << "written\n" << std::flush;
                          return Reply{{"written", file.good()}};
                      }});
        events().add({.name = "environment", .handler = environment_of_child});
        events().add({.name = "sockets", .handler = [this](const Arguments&, Context&) { return describe_sockets(); }});
        events().add({.name = "greet",
                      .parameters = {{.name = "socket"}},
                      .handler = [this](const Arguments& arguments, Context&) {
                          return greet_next(arguments.get<std::string>("socket"));
                      }});
    }

private:
    /// Takes as many steps of 600 ms as the configuration sets.
    void take_steps(std::string_view setting, std::string_view text) {
        const auto steps = settings().app().get<std::uint64_t>(setting, 0);
        for (std::uint64_t done = 0; done < steps; ++done) {
            report_progress(done, steps, text);
            std::this_thread::sleep_for(std::chrono::milliseconds{600});
        }
    }

    void on_start() override {
        take_steps("start-steps", "warming up");
        if (settings().app().get<bool>("start-throws", false)) throw std::runtime_error("start throws on purpose");
        log().warning("look out");
    }

    void on_stop() override { take_steps("stop-steps", "draining"); }

    void on_reload() override {
        take_steps("reload-steps", "reading");
        if (settings().app().get<bool>("reload-throws", false)) throw std::runtime_error("reload throws on purpose");
    }

    Reply describe_sockets() {
        Reply reply;
        for (const auto& [name, descriptor] : listen_sockets()) {
            const bool closes_on_exec = (::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0;
            reply.set(name, Object{{"descriptor", descriptor}, {"closes-on-exec", closes_on_exec}});
        }
        return reply;
    }

    /// Serves one client of a socket of the program.
    Reply greet_next(const std::string& name) {
        const int client = ::accept4(listen_sockets(name).at(0), nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) throw std::runtime_error(servicekit::errno_text(errno));
        constexpr std::string_view greeting = "hello\n";
        const bool is_sent =
            ::send(client, greeting.data(), greeting.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(greeting.size());
        ::close(client);
        return {{"sent", is_sent}};
    }
};

int main(int argc, char** argv) {
    return servicekit::service_main<SystemdTrial>(
        argc, argv, {.name = "systemd-service", .version = "1.0", .description = "100% of a service for systemd"});
}
