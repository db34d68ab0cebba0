#include "control_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "measurement.hpp"
#include "peer_programs.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;

bool is_status(std::string_view reply) { return reply.find("\"state\":\"running\"") != std::string_view::npos; }
bool is_text(std::string_view reply) { return reply.find("\"text\":\"xxx") != std::string_view::npos; }
bool is_pong(std::string_view reply) { return reply == "+PONG\r\n"; }
/// A reply to an unknown command begins with a letter.
bool is_version(std::string_view reply) {
    return !reply.empty() && std::isdigit(static_cast<unsigned char>(reply.front())) != 0;
}

/// HAProxy with its stats socket alone. By default it takes 10 connections.
std::string write_haproxy_config(const std::string& directory, const std::string& socket) {
    std::string path = directory + "/haproxy.cfg";
    std::ofstream{path} << "global\n"
                        << "    nbthread 1\n"
                        << "    maxconn 2000\n"
                        << "    stats socket " << socket << " mode 600 level admin\n"
                        << "    stats maxconn 1024\n"
                        << "defaults\n"
                        << "    mode tcp\n"
                        << "    timeout client 1m\n"
                        << "    timeout server 1m\n"
                        << "    timeout connect 1m\n"
                        << "frontend unused\n"
                        << "    bind unix@" << directory << "/unused.haproxy mode 600\n";
    return path;
}

std::string write_line_server_config(const std::string& directory) {
    std::string path = directory + "/line-server.json";
    std::ofstream{path} << R"({"app": {"port": 0, "data-directory": ")" << directory << R"(/data"}})" << '\n';
    return path;
}

std::string log_of(const ControlServer& server) { return server.socket + ".output"; }

/// Keeps what the server prints in a file, and its process on the core.
[[noreturn]] void become(const ControlServer& server, int core, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(70);
    pin(0, core);
    const int output = open(log_of(server).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : server.command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    std::perror(arguments[0]);
    _exit(127);
}

/// Returns why the process ended and the last line that it printed.
std::string death_of(const ControlServer& server, int status) {
    std::string last;
    std::ifstream output{log_of(server)};
    for (std::string line; std::getline(output, line);)
        if (!line.empty()) last = line;
    const std::string how = WIFEXITED(status) ? "it exited with " + std::to_string(WEXITSTATUS(status))
                                              : "signal " + std::to_string(WTERMSIG(status)) + " ended it";
    return how + (last.empty() ? "" : ": " + last);
}

/// \returns the whole reply, or what came until the server fell silent
std::string ask_once(const ControlServer& server) {
    const int client = connect_to(server.socket);
    if (client < 0) return {};
    static_cast<void>(send(client, server.request.data(), server.request.size(), MSG_NOSIGNAL));
    std::string reply;
    const auto is_complete = [&] { return !server.reply_end.empty() && reply.ends_with(server.reply_end); };
    while (!is_complete()) {
        pollfd readable{.fd = client, .events = POLLIN, .revents = 0};
        std::array<char, 4096> chunk{};
        if (poll(&readable, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) != 1) break;
        const ssize_t size = recv(client, chunk.data(), chunk.size(), 0);
        if (size <= 0) break;
        reply.append(chunk.data(), static_cast<std::size_t>(size));
    }
    close(client);
    return reply;
}

}  // namespace

int connect_to(const std::string& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.copy(address.sun_path, sizeof address.sun_path - 1);
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0) return -1;
    if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        const int reason = errno;
        close(client);
        errno = reason;
        return -1;
    }
    fcntl(client, F_SETFL, O_NONBLOCK);
    return client;
}

std::vector<ControlServer> control_servers(const std::string& directory,
                                           const std::function<void(std::string, std::string)>& missing) {
    const std::string here = program_directory();
    const std::string bare = directory + "/bare.control";
    const std::string handing = directory + "/handing.control";
    const std::string like = directory + "/as-servicekit.control";
    const std::string ours = directory + "/bench-service.control";
    std::vector<ControlServer> servers{
        {.label = "bare C", .command = {here + "/bare_control", bare}, .socket = bare, .is_right = is_status},
        {.label = "bare C, handed over",
         .command = {here + "/bare_control", handing, "hand-over"},
         .socket = handing,
         .is_right = is_status},
        {.label = "bare C, as servicekit",
         .command = {here + "/bare_control", like, "as-servicekit"},
         .socket = like,
         .is_right = is_status},
        {.label = "servicekit status",
         .command = {here + "/bench_service", "run", "--run-directory", directory, "--log-file",
                     directory + "/bench.log"},
         .socket = ours,
         .is_right = is_status},
        {.label = "servicekit event", .socket = ours, .request = "[\"ping\"]\n", .is_right = is_text}};

    const auto add = [&](ControlServer server, const std::string& program, const std::string& reason) {
        if (program.empty() || access(program.c_str(), X_OK) != 0) return missing(server.label, reason);
        server.command.insert(server.command.begin(), program);
        servers.push_back(std::move(server));
    };
    const auto not_found = [](const std::string& program) { return "the program " + program + " was not found"; };

    add({.label = "servicekit line server status",
         .command = {"run", "--run-directory", directory, "--log-file", directory + "/line-server.log", "--config",
                     write_line_server_config(directory)},
         .socket = directory + "/just-another-server.control",
         .is_right = is_status},
        here + "/just-another-server", "the examples were not built");

    const std::string redis = directory + "/redis.socket";
    add({.label = "redis PING",
         .command = {"--port",        "0",      "--unixsocket", redis,  "--unixsocketperm", "600",
                     "--tcp-backlog", "1024",   "--maxclients", "1024", "--io-threads",     "1",
                     "--save",        "",       "--appendonly", "no",   "--daemonize",      "no",
                     "--dir",         directory},
         .socket = redis,
         .request = "*1\r\n$4\r\nPING\r\n",
         .reply_end = "\r\n",
         .is_right = is_pong,
         .is_peer = true},
        find_program("redis-server"), not_found("redis-server"));

    const std::string haproxy = directory + "/haproxy.socket";
    add({.label = "HAProxy show version",
         .command = {"-db", "-f", write_haproxy_config(directory, haproxy)},
         .socket = haproxy,
         .request = "show version\n",
         .reply_end = "",
         .is_right = is_version,
         .is_peer = true},
        find_program("haproxy"), not_found("haproxy"));

    for (const auto& [label, mode] :
         {std::pair{"Poco TCPServer", "threads"}, std::pair{"Poco SocketReactor", "reactor"}}) {
        const std::string poco = directory + "/poco-" + mode + ".socket";
        add({.label = label, .command = {poco, mode}, .socket = poco, .is_right = is_status, .is_peer = true},
            here + "/poco_server", "Poco was not found at build time");
    }
    return servers;
}

std::string launch(ControlServer& server, const std::vector<ControlServer>& earlier, int core) {
    const auto same = std::find_if(earlier.begin(), earlier.end(),
                                   [&](const ControlServer& other) { return other.socket == server.socket; });
    if (same != earlier.end()) {
        server.pid = same->pid;
    } else {
        const pid_t parent = getpid();
        server.pid = fork();
        if (server.pid == 0) become(server, core, parent);
    }
    const auto until = Clock::now() + patience;
    int client = -1;
    for (; (client = connect_to(server.socket)) < 0; std::this_thread::sleep_for(1ms)) {
        int status = 0;
        if (waitpid(server.pid, &status, WNOHANG) == server.pid) {
            server.pid = -1;
            return "does not start: " + death_of(server, status);
        }
        if (Clock::now() > until) return "does not listen";
    }
    close(client);
    // The measurement does not include the server's start.
    std::string reply;
    while (!server.is_right(reply = ask_once(server))) {
        if (Clock::now() > until) return "gives a wrong reply: " + in_quotes(reply);
        std::this_thread::sleep_for(1ms);
    }
    return {};
}

std::string in_quotes(std::string_view reply) {
    while (!reply.empty() && std::isspace(static_cast<unsigned char>(reply.back())) != 0) reply.remove_suffix(1);
    return "'" + std::string{reply} + "'";
}

void end(std::vector<ControlServer>& servers) {
    std::vector<pid_t> running;
    for (ControlServer& server : servers) {
        const pid_t pid = std::exchange(server.pid, -1);
        if (pid > 0 && std::find(running.begin(), running.end(), pid) == running.end()) running.push_back(pid);
    }
    for (const pid_t pid : running) kill(pid, SIGTERM);
    for (const pid_t pid : running) {
        pollfd gone{.fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0)), .events = POLLIN, .revents = 0};
        if (poll(&gone, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) != 1) kill(pid, SIGKILL);
        close(gone.fd);
        waitpid(pid, nullptr, 0);
    }
}

}  // namespace bench
