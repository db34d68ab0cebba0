#include "servicectl/places.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/names.hpp"
#include "base/parse_number.hpp"
#include "base/path_parts.hpp"
#include "core/start_records.hpp"
#include "servicekit/os/closed_directory.hpp"

namespace servicekit::servicectl {
namespace {

constexpr std::string_view socket_suffix = ".control";
constexpr std::string_view pid_file_suffix = ".pid";
/// Another user can make files without a limit.
constexpr std::size_t most_of_another_user = 256;
constexpr std::size_t most_directories_of_another_user = 64;

uid_t self(const os::Host& host) { return host.process->effective_user(); }

std::string below(const std::string& directory, std::string_view name) {
    return (directory == "/" ? directory : directory + "/") + std::string{name};
}

Place place_in(const std::string& directory, std::string_view name, uid_t owner) {
    Place place;
    place.owner = owner;
    Paths& paths = place.paths;
    paths.name = name;
    paths.run_directory = directory;
    paths.crash_directory = directory;
    paths.pid_file = below(directory, name) + std::string{pid_file_suffix};
    paths.control_socket = below(directory, name) + std::string{socket_suffix};
    return place;
}

/// Searches the default run directories, and the records in them.
class Search {
public:
    explicit Search(const os::Host& host) : host_{host}, owners_{host} {}

    std::vector<Place> run() {
        const auto& environment = *host_.environment;
        for (const char* const variable : {"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"})
            if (const auto named = environment.get(variable); named && named->front() == '/')
                look_in_all(named->substr(0, named->find(':')));
        look_in_all("/run");
        for (const std::string& user : directories_in("/run/user")) look_in_all(user);
        look_in_temporary("/tmp");
        if (const auto temporary = environment.get("TMPDIR"); temporary && temporary->front() == '/')
            look_in_temporary(*temporary);
        std::vector<Place> all;
        add_records(all);
        for (auto& [socket, place] : by_socket_) all.push_back(std::move(place));
        std::sort(all.begin(), all.end(), [](const Place& one, const Place& other) {
            return std::tie(one.paths.name, one.paths.control_socket) <
                   std::tie(other.paths.name, other.paths.control_socket);
        });
        return all;
    }

private:
    [[nodiscard]] bool is_trusted(uid_t owner) const { return owner == 0 || owner == self(host_); }

    [[nodiscard]] bool is_directory(const std::string& path) const {
        const auto status = host_.files->status(path, os::Links::do_not_follow);
        return status && *status && (*status)->type == os::FileType::directory;
    }
    /// Returns the directories in a directory, without links to some.
    [[nodiscard]] std::vector<std::string> directories_in(const std::string& directory) const {
        std::vector<std::string> found;
        const auto names = host_.files->list(directory);
        if (!names) return found;
        for (const std::string& name : *names)
            if (std::string path = below(directory, name); is_directory(path)) found.push_back(std::move(path));
        return found;
    }
    /// Looks in a directory and in those below it, which service managers make for RuntimeDirectory=NAME.
    void look_in_all(const std::string& directory) {
        const auto owner = look_in(directory);
        if (!owner) return;
        auto more = directories_in(directory);
        if (!is_trusted(*owner)) more.resize(std::min(more.size(), most_directories_of_another_user));
        for (const std::string& inner : more) look_in(inner);
    }
    /// \returns the owner of the directory, if it is not open to others
    std::optional<uid_t> look_in(const std::string& directory) {
        if (!seen_.insert(directory).second) return std::nullopt;
        const auto owner = owners_.of(directory);
        if (!owner) return std::nullopt;
        if (is_trusted(*owner)) record_directories_.push_back(below(directory, "servicekit"));
        const auto names = host_.files->list(directory);
        if (!names) return owner;
        std::size_t& count = counts_[*owner];
        for (const std::string& name : *names) {
            if (!name.ends_with(socket_suffix)) continue;
            if (!is_trusted(*owner) && count >= most_of_another_user) break;
            const auto stem = std::string_view{name}.substr(0, name.size() - socket_suffix.size());
            if (!is_valid_name(stem)) continue;
            ++count;
            Place place = place_in(directory, stem, *owner);
            std::string socket = place.paths.control_socket;
            by_socket_.emplace(std::move(socket), std::move(place));
        }
        return owner;
    }
    /// Looks in servicekit-UID, for root in those of all users.
    void look_in_temporary(const std::string& temporary) {
        constexpr std::string_view prefix = "servicekit-";
        if (self(host_) != 0) {
            look_in(below(temporary, std::string{prefix} + std::to_string(self(host_))));
            return;
        }
        const auto names = host_.files->list(temporary);
        if (!names) return;
        for (const std::string& name : *names) {
            if (!name.starts_with(prefix)) continue;
            const auto user = parse_number<uid_t>(std::string_view{name}.substr(prefix.size()));
            const std::string path = below(temporary, name);
            if (user && is_directory(path) && owners_.of(path) == user) look_in(path);
        }
    }
    void add_records(std::vector<Place>& all) {
        for (StartRecord& record : all_start_records(record_directories_, host_)) {
            if (!is_valid_name(record.paths.name)) continue;
            by_socket_.erase(record.paths.control_socket);
            Place place;
            place.paths = record.paths;
            place.paths.choice = Paths::Choice::configured;
            place.owner = owners_.of(directory_of(record.paths.control_socket)).value_or(no_id);
            place.record = std::move(record);
            all.push_back(std::move(place));
        }
    }

    const os::Host& host_;
    Owners owners_;
    std::set<std::string> seen_;
    std::vector<std::string> record_directories_;
    std::map<std::string, Place> by_socket_;
    std::map<uid_t, std::size_t> counts_;
};

}  // namespace

bool is_of_another_user(const Place& place, const os::Host& host) {
    return !place.record && place.owner != 0 && place.owner != self(host);
}

std::optional<uid_t> Owners::of(const std::string& directory) {
    const auto known = known_.find(directory);
    if (known != known_.end()) return known->second;
    return known_.emplace(directory, find(directory)).first->second;
}

std::optional<uid_t> Owners::find(const std::string& directory) const {
    os::Files& files = *host_.files;
    const auto is_closed = [&](const std::vector<uid_t>& users) {
        const auto closed = os::is_closed_directory(files, directory, users);
        return closed && *closed;
    };
    if (is_closed({})) return 0;
    const auto is_one = [this](uid_t user) { return host_.users->is_one_user(user); };
    if (const uid_t user = self(host_); is_one(user) && is_closed({user})) return user;
    const auto status = files.status(directory, os::Links::follow);
    if (!status || !*status || !is_one((*status)->uid) || !is_closed({(*status)->uid})) return std::nullopt;
    return (*status)->uid;
}

std::vector<Place> find_places(const os::Host& host) { return Search{host}.run(); }

Result<Place> place_at(const std::string& path, const std::vector<Place>& known, const os::Host& host) {
    auto whole = absolute_path(path, host);
    if (!whole) return whole.error();
    const auto is_there = [&whole](const Place& place) {
        return place.paths.pid_file == *whole || place.paths.control_socket == *whole;
    };
    const auto found = std::find_if(known.begin(), known.end(), is_there);
    if (found != known.end()) return *found;

    const auto status = host.files->status(*whole, os::Links::do_not_follow);
    if (!status) return status.error();
    const auto refuse = [&whole](ExitCode code, std::string reason) {
        return Error{code, "find the service of", *whole, std::move(reason)};
    };
    if (!*status) return refuse(ExitCode::usage, "there is no such file; 'servicectl list' shows all services");
    const bool is_socket = (*status)->type == os::FileType::socket;
    if (!is_socket && (*status)->type != os::FileType::regular)
        return refuse(ExitCode::usage, "it is neither a control socket nor a pidfile");
    const std::string directory = directory_of(*whole);
    const auto owner = Owners{host}.of(directory);
    if (!owner)
        return refuse(ExitCode::permission,
                      "several users can change '" + directory + "'; the service's own verbs take --run-directory");
    std::string name{file_name_of(*whole)};
    const std::string file = name;
    for (const std::string_view suffix : {socket_suffix, pid_file_suffix})
        if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    if (!is_valid_name(name)) return refuse(ExitCode::usage, "its name is not that of a service");
    Place place = place_in(directory, name, *owner);
    (is_socket ? place.paths.control_socket : place.paths.pid_file) = below(directory, file);
    return place;
}

}  // namespace servicekit::servicectl
