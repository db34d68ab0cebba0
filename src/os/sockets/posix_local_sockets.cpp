#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/attempt.hpp"
#include "base/path_parts.hpp"
#include "os/deadline.hpp"
#include "os/descriptor.hpp"
#include "os/files/path_end.hpp"
#include "os/guarded_descriptor.hpp"
#include "os/sockets/local_address.hpp"
#include "os/uninterrupted.hpp"
#include "os/unmapped_ids.hpp"
#include "servicekit/os/files.hpp"
#include "servicekit/os/local_sockets.hpp"

namespace servicekit::os {
namespace {

/// A new client waits behind all others in the listener's queue, so the queue is short.
/// Further ones block in connect(2).
constexpr int backlog = 8;
constexpr timeval connect_timeout{.tv_sec = 5, .tv_usec = 0};

bool wait_for(int descriptor, short events, std::chrono::milliseconds at_most) {
    const Deadline deadline{at_most};
    for (;;) {
        pollfd awaited{.fd = descriptor, .events = events, .revents = 0};
        const int ready = poll(&awaited, 1, deadline.poll_timeout());
        if (ready > 0) return true;
        if ((ready < 0 && errno != EINTR) || deadline.passed()) return false;
    }
}

class PosixLocalConnection final : public LocalConnection {
public:
    explicit PosixLocalConnection(Descriptor socket) : socket_{std::move(socket)} {
        ucred credentials{};
        socklen_t size = sizeof credentials;
        if (getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
            peer_ = {
                .pid = credentials.pid, .uid = certain_user(credentials.uid), .gid = certain_group(credentials.gid)};
    }

    [[gnu::hot]] Transfer receive(std::span<char> buffer) override {
        for (;;) {
            const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (count > 0) return {.bytes = static_cast<std::size_t>(count)};
            if (count == 0) return {.state = Transfer::State::closed};
            if (errno != EINTR) return failure();
        }
    }

    [[gnu::hot]] Transfer send(std::string_view bytes) override {
        for (;;) {
            const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (count >= 0) return {.bytes = static_cast<std::size_t>(count)};
            if (errno == EPIPE || errno == ECONNRESET) return {.state = Transfer::State::closed, .errno_value = errno};
            if (errno != EINTR) return failure();
        }
    }

    void shut_down_sending() override { shutdown(socket_.get(), SHUT_WR); }

    [[nodiscard]] Peer peer() const override { return peer_; }

    [[nodiscard]] std::vector<gid_t> peer_groups() const override {
        std::vector<gid_t> groups(32);
        for (;;) {
            auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
            const int outcome = getsockopt(socket_.get(), SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
            if (outcome != 0 && errno != ERANGE) return {};
            groups.resize(size / sizeof(gid_t));  // the size used, or the size needed
            if (outcome != 0) continue;
            for (gid_t& group : groups) group = certain_group(group);
            return groups;
        }
    }

    [[nodiscard]] int descriptor() const override { return socket_.get(); }

    bool wait_until_readable(std::chrono::milliseconds at_most) override {
        return wait_for(socket_.get(), POLLIN, at_most);
    }
    bool wait_until_writable(std::chrono::milliseconds at_most) override {
        return wait_for(socket_.get(), POLLOUT, at_most);
    }

private:
    static Transfer failure() {
        const bool would_block = errno == EAGAIN || errno == EWOULDBLOCK;
        return {.state = would_block ? Transfer::State::would_block : Transfer::State::failed, .errno_value = errno};
    }

    GuardedDescriptor socket_;
    Peer peer_;
};

/// \returns null if no client waits.
Result<std::unique_ptr<LocalConnection>> accept_on(int listener, const std::string& path) {
    Descriptor accepted{accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (accepted) return std::unique_ptr<LocalConnection>{new PosixLocalConnection{std::move(accepted)}};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR)
        return std::unique_ptr<LocalConnection>{};
    return os_error("accept a connection on", path, errno);
}

class PosixLocalListener final : public LocalListener {
public:
    /// \param file the socket's file, opened with O_PATH; while it is open, no other file gets its inode.
    PosixLocalListener(Descriptor socket, Descriptor directory, Descriptor file, std::string path,
                       std::optional<Error> shortcoming)
        : socket_{std::move(socket)},
          directory_{std::move(directory)},
          file_{std::move(file)},
          path_{std::move(path)},
          shortcoming_{std::move(shortcoming)} {}
    ~PosixLocalListener() override {
        // A child of fork(2) destroys its copy of this, but must not remove the file.
        if (getpid() == process_) static_cast<void>(servicekit::attempt([this] { static_cast<void>(remove_file()); }));
    }
    PosixLocalListener(const PosixLocalListener&) = delete;
    PosixLocalListener& operator=(const PosixLocalListener&) = delete;

    Result<std::unique_ptr<LocalConnection>> accept() override { return accept_on(socket_.get(), path_); }

    Result<void> remove_file() override {
        const char* const name = file_name_of(path_).data();
        struct stat ours {};
        if (fstat(file_.get(), &ours) != 0) return os_error("remove", path_, errno);
        struct stat found {};
        if (fstatat(directory_.get(), name, &found, AT_SYMLINK_NOFOLLOW) != 0)
            return errno == ENOENT ? Result<void>{} : os_error("remove", path_, errno);
        if (found.st_dev != ours.st_dev || found.st_ino != ours.st_ino) return {};
        if (unlinkat(directory_.get(), name, 0) != 0 && errno != ENOENT) return os_error("remove", path_, errno);
        return {};
    }

    Result<void> change_owner(uid_t uid, gid_t gid) override {
        if (fchownat(file_.get(), "", uid, gid, AT_EMPTY_PATH) != 0)
            return os_error("change the owner of", path_, errno);
        return {};
    }

    [[nodiscard]] std::optional<Error> shortcoming() const override { return shortcoming_; }

    [[nodiscard]] Result<gid_t> group() const override {
        struct stat found {};
        if (fstat(file_.get(), &found) != 0) return os_error("look at", path_, errno);
        return found.st_gid;
    }

    [[nodiscard]] int descriptor() const override { return socket_.get(); }

private:
    GuardedDescriptor socket_;
    Descriptor directory_;
    Descriptor file_;
    std::string path_;
    std::optional<Error> shortcoming_;
    pid_t process_ = getpid();
};

/// A socket that another process has bound. The socket's file belongs to that process.
class AdoptedListener final : public LocalListener {
public:
    AdoptedListener(Descriptor socket, std::string path) : socket_{std::move(socket)}, path_{std::move(path)} {}
    Result<std::unique_ptr<LocalConnection>> accept() override { return accept_on(socket_.get(), path_); }
    Result<void> remove_file() override { return {}; }
    Result<void> change_owner(uid_t /*uid*/, gid_t /*gid*/) override { return {}; }
    [[nodiscard]] Result<gid_t> group() const override {
        struct stat found {};
        if (stat(path_.c_str(), &found) != 0) return os_error("look at", path_, errno);
        return found.st_gid;
    }
    [[nodiscard]] int descriptor() const override { return socket_.get(); }

private:
    GuardedDescriptor socket_;
    std::string path_;
};

/// Returns the value of an integer option of a socket; -1 if it is unknown, for example if it is not a socket.
int option_of(const Descriptor& socket, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(socket.get(), SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// Returns the path that a socket is bound to, or `@NAME` in the abstract namespace; empty if it is unnamed.
std::string bound_path(const Descriptor& socket) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    const std::size_t length = size - std::min<std::size_t>(size, offsetof(sockaddr_un, sun_path));
    if (length == 0) return {};
    if (address.sun_path[0] == '\0') return "@" + std::string(address.sun_path + 1, length - 1);
    return {address.sun_path, strnlen(address.sun_path, length)};
}

/// Returns true if both paths lead to the same file, as /var/run/x and /run/x may.
bool is_same_file(const std::string& one, const std::string& other) {
    struct stat first {};
    struct stat second {};
    return one == other || (stat(one.c_str(), &first) == 0 && stat(other.c_str(), &second) == 0 &&
                            first.st_dev == second.st_dev && first.st_ino == second.st_ino);
}

/// Binds the socket and replaces a stale socket file.
Result<void> bind_over(const Descriptor& socket, const LocalAddress& address, const Descriptor& directory,
                       const std::string& path) {
    if (bind(socket.get(), address.get(), LocalAddress::size()) == 0) return {};
    if (errno != EADDRINUSE) return os_error("listen on", path, errno);

    const std::string name{file_name_of(path)};
    struct stat found {};
    if (fstatat(directory.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISSOCK(found.st_mode)) {
            Error error = os_error("listen on", path, EADDRINUSE);
            error.reason = "the file that is there is not a socket";
            return error;
        }
        if (unlinkat(directory.get(), name.c_str(), 0) != 0 && errno != ENOENT)
            return os_error("remove the stale socket", path, errno);
    } else if (errno != ENOENT) {
        return os_error("listen on", path, errno);
    }
    if (bind(socket.get(), address.get(), LocalAddress::size()) != 0) return os_error("listen on", path, errno);
    return {};
}

/// Opens the socket's file without following a link that another user may have put there.
Result<Descriptor> open_bound_file(const Descriptor& socket, const Descriptor& directory, const std::string& path) {
    // Returns the bound file even if the name refers to another file by now. Needs CAP_NET_ADMIN, which root may lack.
    // SIOCUNIXFILE, unix(7); its header conflicts with <sys/un.h>.
    Descriptor file{ioctl(socket.get(), SIOCPROTOPRIVATE, 0)};
    if (file) {
        fcntl(file.get(), F_SETFD, FD_CLOEXEC);
        return file;
    }
    file.reset(open_uninterrupted_at(directory.get(), file_name_of(path).data(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found {};
    if (!file || fstat(file.get(), &found) != 0) return os_error("listen on", path, errno);
    if (S_ISSOCK(found.st_mode) && found.st_uid == geteuid() && found.st_nlink == 1) return file;
    Error error = os_error("listen on", path, EADDRINUSE);
    error.reason = "another file was put in the place of the socket";
    return error;
}

/// Removes the file that bind(2) has just made if it could not be opened.
void remove_unopened(const Descriptor& directory, const std::string& path) {
    const std::string name{file_name_of(path)};
    struct stat found {};
    const bool is_bound = fstatat(directory.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
                          S_ISSOCK(found.st_mode) && found.st_uid == geteuid();
    if (is_bound) unlinkat(directory.get(), name.c_str(), 0);
}

struct SocketPlace {
    Descriptor directory;
    LocalAddress address;
};

/// Returns the place of the socket. Root binds in this very directory, where no other user can have put a link.
Result<SocketPlace> place_of_socket(const std::string& path) {
    if (geteuid() == 0) {
        const auto end = PathEnd::find("listen on", path, LastLink::keep);
        if (!end) return end.error();
        Descriptor directory{fcntl(end->directory(), F_DUPFD_CLOEXEC, 0)};
        if (!directory) return os_error("listen on", path, errno);
        auto address =
            end->is_trusted() ? LocalAddress::of("listen on", path) : LocalAddress::in("listen on", path, directory);
        if (!address) return address.error();
        return SocketPlace{.directory = std::move(directory), .address = *std::move(address)};
    }
    auto address = LocalAddress::of("listen on", path);
    if (!address) return address.error();
    auto directory = open_directory_of("listen on", path);
    if (!directory) return directory.error();
    return SocketPlace{.directory = *std::move(directory), .address = *std::move(address)};
}

Result<void> change_owner(const Descriptor& file, const LocalSocketAccess& access, const std::string& path) {
    constexpr auto unchanged = static_cast<uid_t>(-1);
    if (!access.owner && !access.group) return {};
    const uid_t owner = access.owner.value_or(unchanged);
    const gid_t group = access.group.value_or(unchanged);
    if (fchownat(file.get(), "", owner, group, AT_EMPTY_PATH) == 0) return {};
    return os_error("change the owner of", path, errno);
}

Result<void> change_permissions(const Descriptor& file, const LocalSocketAccess& access, const std::string& path) {
    // fchmod(2) refuses O_PATH descriptors. The link in /proc leads to this very file,
    // whatever the path refers to by now.
    const std::string link = "/proc/self/fd/" + std::to_string(file.get());
    if (chmod(link.c_str(), access.permissions) == 0) return {};
    Error error = os_error("change the permissions of", path, errno);
    if (error.errno_value == ENOENT) error.reason = "that needs /proc, which is not mounted";
    return error;
}

/// Returns true if no one has more access than `permissions` allow. To connect, a client needs write permission.
bool is_no_wider(const Descriptor& file, mode_t permissions) {
    constexpr mode_t writing = 0222;
    struct stat found {};
    return fstat(file.get(), &found) == 0 && (found.st_mode & writing & ~permissions) == 0;
}

/// \returns what the file system refused, if the socket can still be used
Result<std::optional<Error>> widen(const Descriptor& file, const LocalSocketAccess& access, const std::string& path) {
    std::optional<Error> shortcoming;
    if (const auto changed = change_owner(file, access, path); !changed) {
        // Root may always change the owner on a file system that keeps owners.
        if (geteuid() != 0 || !is_refused_by_file_system(changed.error())) return changed.error();
        shortcoming = changed.error();
    }
    if (const auto changed = change_permissions(file, access, path); !changed) {
        if (!is_refused_by_file_system(changed.error()) || !is_no_wider(file, access.permissions))
            return changed.error();
        shortcoming = changed.error();
    }
    return shortcoming;
}

Result<std::unique_ptr<LocalListener>> bind_and_listen(const std::string& path, const LocalSocketAccess& access) {
    auto place = place_of_socket(path);
    if (!place) return place.error();
    Descriptor& directory = place->directory;

    Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) return os_error("make a socket for", path, errno);
    // On Linux the file that bind(2) makes gets the mode of the socket, minus the umask.
    if (fchmod(socket.get(), access.permissions & 0600) != 0 && errno != EPERM)
        return os_error("change the permissions of", path, errno);
    // Reserves a descriptor for the socket's file: without one the file cannot be removed reliably.
    Descriptor reserved{fcntl(directory.get(), F_DUPFD_CLOEXEC, 0)};
    if (!reserved) return os_error("listen on", path, errno);
    if (auto bound = bind_over(socket, place->address, directory, path); !bound) return bound.error();
    reserved.reset();
    auto file = open_bound_file(socket, directory, path);
    if (!file) {
        remove_unopened(directory, path);
        return file.error();
    }

    const int descriptor = socket.get();
    const auto widened = widen(*file, access, path);
    std::unique_ptr<LocalListener> listener{new PosixLocalListener{
        std::move(socket), std::move(directory), *std::move(file), path, widened ? *widened : std::nullopt}};
    if (widened && ::listen(descriptor, backlog) == 0) return listener;
    return widened ? os_error("listen on", path, errno) : widened.error();
}

/// Opens the file of a socket. It is not a link, and for root, no other user can have put a link on the way to it.
Result<Descriptor> open_socket_itself(const std::string& action, const std::string& path) {
    auto end = geteuid() == 0 ? PathEnd::find(action, path, LastLink::keep)
                              : Result<PathEnd>{PathEnd::unchecked(path, LastLink::keep)};
    if (!end) return end.error();
    Descriptor file{open_uninterrupted_at(end->directory(), end->name(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    struct stat found {};
    if (!file || fstat(file.get(), &found) != 0) return os_error(action, path, errno);
    if (S_ISLNK(found.st_mode)) return os_error(action, path, ELOOP);
    if (!S_ISSOCK(found.st_mode)) return os_error(action, path, ENOTSOCK);
    return file;
}

/// Calls a function with the inode and the path of each socket that listens, as /proc/net/unix shows them, until it
/// returns false.
template <class Function>
void for_each_listener(const Function& function) {
    std::ifstream sockets{"/proc/net/unix"};
    for (std::string line; std::getline(sockets, line);) {
        // Num RefCount Protocol Flags Type St Inode Path; see unix_seq_show() in the kernel's net/unix/af_unix.c
        constexpr std::string_view accepts_connections = " 00010000 ";  // __SO_ACCEPTCON
        if (line.find(accepts_connections) == std::string::npos) continue;
        std::istringstream fields{line};
        std::array<std::string, 7> columns;
        for (std::string& column : columns) fields >> column;
        std::string bound;
        std::getline(fields >> std::ws, bound);
        const bool listens = accepts_connections.substr(1, columns[3].size()) == columns[3];
        if (listens && !function(columns[6], bound)) return;
    }
}

/// Returns the inode of the socket that listens at the path; empty if there is none.
std::string listening_inode(const std::string& path) {
    std::string found;
    for_each_listener([&](const std::string& inode, const std::string& bound) {
        if (bound == path) found = inode;
        return found.empty();
    });
    return found;
}

/// Returns true if the process is systemd, or its program for testing socket units (systemd-socket-activate).
bool is_manager(const std::filesystem::path& process) {
    std::ifstream file{process / "comm"};
    std::string name;
    std::getline(file, name);
    return name == "systemd" || name == "systemd-socket-";
}

/// Calls a function with the target of each descriptor of a process, until it returns false.
template <class Function>
void for_each_descriptor(const std::filesystem::path& process, const Function& function) {
    std::error_code failure;
    std::filesystem::directory_iterator entry{process / "fd", failure};
    for (const std::filesystem::directory_iterator end; !failure && entry != end; entry.increment(failure)) {
        std::error_code gone;
        if (!function(std::filesystem::read_symlink(entry->path(), gone).string())) return;
    }
}

bool has_open(const std::filesystem::path& process, const std::string& target) {
    bool has = false;
    for_each_descriptor(process, [&](const std::string& open) {
        has = open == target;
        return !has;
    });
    return has;
}

/// Calls a function with the directory of each process in /proc, until it returns false.
template <class Function>
void for_each_process(const Function& function) {
    std::error_code failure;
    std::filesystem::directory_iterator entry{"/proc", failure};
    for (const std::filesystem::directory_iterator end; !failure && entry != end; entry.increment(failure)) {
        const std::string name = entry->path().filename().string();
        if (name.find_first_not_of("0123456789") == std::string::npos && !function(entry->path())) return;
    }
}

/// Connects without waiting. \param name the path, for the error
Result<std::unique_ptr<LocalConnection>> connect_at_once(const std::string& path, const std::string& name) {
    const std::string action = "connect to";
    const auto address = LocalAddress::of(action, path);
    if (!address) return address.error();
    Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) return os_error(action, name, errno);
    while (::connect(socket.get(), address->get(), LocalAddress::size()) != 0) {
        if (errno == EAGAIN) return std::unique_ptr<LocalConnection>{};
        if (errno != EINTR) return os_error(action, name, errno);
    }
    return std::unique_ptr<LocalConnection>{new PosixLocalConnection{std::move(socket)}};
}

class PosixLocalSockets final : public LocalSockets {
public:
    Result<std::unique_ptr<LocalListener>> listen(const std::string& path, const LocalSocketAccess& access) override {
        auto listener = bind_and_listen(path, access);
        if (!listener) return listener.error().at_stage(ExitCode::cannot_create);
        return listener;
    }

    Result<std::unique_ptr<LocalListener>> adopt(int descriptor, const std::string& path) override {
        Descriptor socket{descriptor};
        const auto refused = [&path](std::string reason) {
            return Error{ExitCode::configuration, "listen on", path, std::move(reason)};
        };
        if (option_of(socket, SO_DOMAIN) != AF_UNIX || option_of(socket, SO_TYPE) != SOCK_STREAM ||
            option_of(socket, SO_ACCEPTCONN) != 1)
            return refused("descriptor " + std::to_string(descriptor) +
                           " is not a listening stream socket with a path");
        if (const std::string bound = bound_path(socket); !is_same_file(bound, path))
            return refused("descriptor " + std::to_string(descriptor) + " listens on '" + bound + "' instead");
        const int flags = fcntl(socket.get(), F_GETFL);
        if (flags < 0 || fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
            fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0)
            return os_error("listen on", path, errno);
        // Again, since the kernel reports the pid of the last process that called listen() to clients.
        if (::listen(socket.get(), backlog) != 0) return os_error("listen on", path, errno);
        return std::unique_ptr<LocalListener>{new AdoptedListener{std::move(socket), path}};
    }

    Result<std::unique_ptr<LocalConnection>> connect(const std::string& path) override {
        const std::string action = "connect to";
        const auto address = LocalAddress::of(action, path);
        if (!address) return address.error();
        Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (!socket) return os_error(action, path, errno);
        // A non-blocking connect(2) fails at once if the listener's queue is full, and
        // poll(2) cannot wait for room in it.
        if (setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &connect_timeout, sizeof connect_timeout) != 0)
            return os_error(action, path, errno);
        while (::connect(socket.get(), address->get(), LocalAddress::size()) != 0)
            if (errno != EINTR) return os_error(action, path, errno == EAGAIN ? ETIMEDOUT : errno);
        if (fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) return os_error(action, path, errno);
        return std::unique_ptr<LocalConnection>{new PosixLocalConnection{std::move(socket)}};
    }

    Result<std::unique_ptr<LocalConnection>> try_connect(const std::string& path, Links links) override {
        const std::string action = "connect to";
        if (links == Links::do_not_follow) {
            const auto file = open_socket_itself(action, path);
            if (!file) return file.error();
            return connect_at_once("/proc/self/fd/" + std::to_string(file->get()), path);
        }
        return connect_at_once(path, path);
    }

    Result<Listening> probe(const std::string& path) override {
        const std::string action = "connect to";
        struct stat found {};
        if (stat(path.c_str(), &found) != 0) {
            if (errno == ENOENT || errno == ENOTDIR) return Listening::nothing;
            return os_error(action, path, errno);
        }
        if (!S_ISSOCK(found.st_mode)) return Listening::not_socket;

        const auto address = LocalAddress::of(action, path);
        if (!address) return address.error();
        const Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
        if (!socket) return os_error(action, path, errno);
        if (::connect(socket.get(), address->get(), LocalAddress::size()) == 0) return Listening::yes;
        if (errno == EAGAIN) return Listening::yes;  // its queue is full
        if (errno == ECONNREFUSED) return Listening::no;
        if (errno == ENOENT) return Listening::nothing;
        return os_error(action, path, errno);
    }

    bool is_left_to_manager(const std::string& path) override {
        const std::string inode = listening_inode(path);
        if (inode.empty()) return false;
        const std::string target = "socket:[" + inode + "]";
        bool is_managers = false;
        bool is_services = false;
        for_each_process([&](const std::filesystem::path& process) {
            if (!has_open(process, target)) return true;
            is_managers = is_manager(process);
            is_services = !is_managers;
            return is_managers;
        });
        return is_managers && !is_services;
    }

    std::vector<std::string> paths_of_managers() override {
        // Any user can give a process the name of a manager, and many descriptors. Process 1 is the first.
        constexpr std::size_t most_descriptors = 65'536;
        std::size_t seen = 0;
        std::vector<std::string> targets;
        for_each_process([&](const std::filesystem::path& process) {
            if (!is_manager(process)) return true;
            for_each_descriptor(process, [&](std::string open) {
                if (open.starts_with("socket:[")) targets.push_back(std::move(open));
                return ++seen < most_descriptors;
            });
            return seen < most_descriptors;
        });
        std::vector<std::string> paths;
        if (targets.empty()) return paths;
        std::sort(targets.begin(), targets.end());
        for_each_listener([&](const std::string& inode, const std::string& bound) {
            if (std::binary_search(targets.begin(), targets.end(), "socket:[" + inode + "]")) paths.push_back(bound);
            return true;
        });
        return paths;
    }
};

}  // namespace

LocalSockets& posix_local_sockets() {
    static PosixLocalSockets sockets;
    return sockets;
}

}  // namespace servicekit::os
