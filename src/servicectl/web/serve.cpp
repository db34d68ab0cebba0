#include "servicectl/web/serve.hpp"

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/path_parts.hpp"
#include "core/paths.hpp"
#include "servicectl/places.hpp"
#include "servicectl/web/options.hpp"
#include "servicectl/web/server.hpp"
#include "servicectl/web/site.hpp"
#include "servicectl/web/token_file.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::servicectl::web {
namespace {

constexpr const char* socket_name = "servicectl-web.sock";

Error cannot_listen(ExitCode code, const std::string& where, std::string reason) {
    return {code, "listen on", where, std::move(reason)};
}

/// Returns the default socket: in a directory that only this user and root can change.
Result<std::string> default_socket(const os::Host& host) {
    const uid_t self = host.process->effective_user();
    const std::string name = std::string{"/"} + socket_name;
    if (self == 0) return "/run" + name;
    if (const auto directory = host.environment->get("XDG_RUNTIME_DIR"); directory && directory->front() == '/')
        return *directory + name;
    const std::string directory = "/run/user/" + std::to_string(self);
    const auto status = host.files->status(directory, os::Links::do_not_follow);
    if (status && *status && (*status)->type == os::FileType::directory) return directory + name;
    return cannot_listen(ExitCode::usage, socket_name,
                         "XDG_RUNTIME_DIR is not set, and there is no " + directory + "; use --listen PATH");
}

/// Listens on a unix socket that only this user can connect to.
Result<std::unique_ptr<os::LocalListener>> listen(const std::string& path, const os::Host& host) {
    const std::string directory = directory_of(path);
    const auto owner = Owners{host}.of(directory);
    if (!owner)
        return cannot_listen(ExitCode::permission, path,
                             "'" + directory + "' does not exist, or several users can change it");
    if (*owner != 0 && *owner != host.process->effective_user())
        return cannot_listen(ExitCode::permission, path, "'" + directory + "' belongs to another user");
    const auto probed = host.sockets->probe(path);
    if (!probed) return cannot_listen(ExitCode::cannot_create, path, probed.error().reason);
    if (*probed == os::Listening::yes)
        return cannot_listen(ExitCode::already_running, path,
                             "a running process serves it already, perhaps another 'servicectl web'");
    if (*probed == os::Listening::not_socket)
        return cannot_listen(ExitCode::cannot_create, path, "it is a file that is not a socket");
    auto listener = host.sockets->listen(path, {.permissions = 0600});
    if (!listener) return cannot_listen(ExitCode::cannot_create, path, listener.error().reason);
    if (const auto shortcoming = (*listener)->shortcoming())
        return cannot_listen(ExitCode::permission, path,
                             "the file system does not keep its mode: " + shortcoming->reason);
    return listener;
}

std::string user_of_this_process(const os::Host& host) {
    const uid_t self = host.process->effective_user();
    const auto user = host.users->find_user(std::to_string(self));
    return user && *user && (*user)->uid == self && !(*user)->name.empty() ? (*user)->name
                                                                           : "uid " + std::to_string(self);
}

std::string machine_of(const os::Host& host) {
    constexpr std::size_t longest = 256;
    const auto name = host.files->read("/proc/sys/kernel/hostname", longest);
    return name ? name->substr(0, name->find('\n')) : "localhost";
}

std::string why_no_actions(const Options& options, const os::Host& host) {
    if (options.read_only) return "this server was started with --read-only";
    if (host.process->effective_user() == 0 && !options.allow_actions)
        return "root serves this page read-only; --allow-actions changes that";
    return {};
}

/// Tokens, names and limits of the visitors.
Result<AccessRules> access_of(const Options& options, const std::string& machine, const os::Host& host) {
    AccessRules rules{.why_no_actions = why_no_actions(options, host),
                      .hosts = options.hosts,
                      .is_secure = !options.certificate.empty()};
    rules.hosts.emplace_back("localhost");
    rules.hosts.push_back(machine);
    if (options.listen && !options.listen->is_unix()) rules.hosts.push_back(options.listen->host);
    if (!options.token_file.empty()) {
        auto token = read_token(options.token_file, host);
        if (!token) return token.error();
        rules.token = *std::move(token);
    }
    if (!options.read_token_file.empty()) {
        auto token = read_token(options.read_token_file, host);
        if (!token) return token.error();
        rules.read_token = *std::move(token);
        if (rules.read_token == rules.token)
            return Error{ExitCode::configuration, "read the token from", options.read_token_file,
                         "it is the same as in --token-file"};
    }
    return rules;
}

/// A key that all users can read protects nothing. A group may read it, as /etc/ssl/private in Debian has it.
Result<void> check_key(const std::string& path, const os::Host& host) {
    constexpr mode_t of_others = 0027;
    if (path.empty()) return {};
    const auto status = host.files->status(path, os::Links::follow);
    // The server says why it cannot read the file.
    if (!status || !*status || ((*status)->permissions & of_others) == 0) return {};
    return Error{ExitCode::configuration, "use the key", path,
                 "other users may read or change it; 'chmod 600' keeps them out"};
}

std::string url_of(const Options& options, const std::string& socket, std::uint16_t port) {
    if (!socket.empty()) return "unix:" + socket;
    const std::string& host = options.listen->host;
    const bool is_v6 = host.find(':') != std::string::npos;
    return (options.certificate.empty() ? "http://" : "https://") + (is_v6 ? "[" + host + "]" : host) + ":" +
           std::to_string(port) + "/";
}

Result<void> run(const Options& options, cli::Console& console, const Tools& tools) {
    const os::Host& host = tools.host;
    ServerPlan plan{.certificate = options.certificate, .key = options.key};
    std::unique_ptr<os::LocalListener> listener;
    std::string socket;
    const std::string machine = machine_of(host);
    auto access = access_of(options, machine, host);
    if (!access) return access.error();
    if (auto checked = check_key(options.key, host); !checked) return checked.error();
    if (!options.listen || options.listen->is_unix()) {
        auto path = options.listen ? absolute_path(options.listen->path, host) : default_socket(host);
        if (!path) return path.error();
        auto listening = listen(*path, host);
        if (!listening) return listening.error();
        socket = *std::move(path);
        listener = *std::move(listening);
        plan.unix_socket = listener->descriptor();
    } else {
        plan.host = options.listen->host;
        plan.port = options.listen->port;
    }
    const auto make_site = [&](Loop& loop, std::uint16_t port) -> Result<std::unique_ptr<Handler>> {
        access->port = port;
        auto site = std::make_unique<Site>(
            Site::Plan{.scope = {.patterns = options.patterns, .all = true, .all_users = options.all_users},
                       .interval = options.interval,
                       .machine = machine,
                       .user = user_of_this_process(host),
                       .access = *access,
                       .note = [&console](const std::string& line) { console.complain(line); }},
            loop, host);
        const std::string how =
            socket.empty() ? "" : "; a browser needs a tunnel: ssh -L 8080:" + socket + " " + machine;
        // All users of the machine at the other end of the tunnel can connect to its port.
        const std::string caution =
            socket.empty() || !access->token.empty() ? "" : "; use --token-file if other users share that machine";
        const std::string rights = access->why_no_actions.empty() ? "" : " (read-only)";
        console.say("serves " + url_of(options, socket, port) + rights + how + caution);
        return std::unique_ptr<Handler>{std::move(site)};
    };
    auto served = tools.serve_http(plan, make_site);
    if (listener)
        if (auto removed = listener->remove_file(); served && !removed) return removed.error();
    return served;
}

}  // namespace

int serve(const Command& command, cli::Console& console, const Tools& tools) {
    const auto options = options_of(command);
    if (!options) return console.fail(options.error());
    if (!tools.serve_http)
        return console.fail(Error{ExitCode::usage, "serve", "web", "this program was built without its server"});
    const auto served = run(*options, console, tools);
    return served ? 0 : console.fail(served.error());
}

}  // namespace servicekit::servicectl::web
