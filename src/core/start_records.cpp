#include "core/start_records.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/names.hpp"
#include "base/path_parts.hpp"
#include "base/sip_hash.hpp"
#include "core/paths.hpp"
#include "servicekit/os/closed_directory.hpp"

namespace servicekit {
namespace {

constexpr std::string_view suffix = ".json";
constexpr std::string_view suffix_of_note = ".stop";
constexpr std::size_t hash_digits = 16;
constexpr std::array<std::uint64_t, 2> hash_key{0x7365727669636531, 0x6b69742d706c6163};
constexpr std::size_t largest_record = std::size_t{64} << 10U;
/// A machine probably has fewer services than that.
constexpr std::size_t many_records = 256;
constexpr std::size_t looks_at_others = 32;

constexpr mode_t for_all = 0644;
constexpr mode_t for_the_user = 0600;

std::string hash_of_place(const Paths& paths) {
    std::uint64_t hash = sip_hash(paths.pid_file + '\0' + paths.control_socket, hash_key);
    std::string text(hash_digits, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, hash >>= 4U)
        *digit = "0123456789abcdef"[hash & 0xfU];
    return text;
}

/// Returns "-0123456789abcdef.json".
std::string end_of_name(const Paths& paths) { return "-" + hash_of_place(paths) + std::string{suffix}; }

bool is_record_of(std::string_view file, std::string_view service) {
    return file.size() == service.size() + 1 + hash_digits + suffix.size() && file.starts_with(service) &&
           file[service.size()] == '-' && file.ends_with(suffix);
}

std::vector<uid_t> this_user(const os::Host& host) {
    const uid_t user = host.process->effective_user();
    return host.users->is_one_user(user) ? std::vector{user} : std::vector<uid_t>{};
}

/// Reads a record. \returns nothing if the file is not a record, or if another user could have written it
std::optional<StartRecord> read_record(const std::string& path, const std::vector<uid_t>& users, os::Files& files) {
    const auto file = files.open_for_reading(path, os::Links::do_not_follow);
    if (!file) return std::nullopt;
    const auto status = (*file)->status();
    if (!status || status->type != os::FileType::regular || status->size > largest_record) return std::nullopt;
    const bool is_known = status->uid == 0 || std::find(users.begin(), users.end(), status->uid) != users.end();
    if (!is_known) return std::nullopt;
    const auto text = (*file)->read_at(0, largest_record);
    return text ? parse_start_record(*text) : std::nullopt;
}

bool is_gone(const std::string& directory, os::Files& files) {
    const auto status = files.status(directory, os::Links::follow);
    return status && !status->has_value();
}

/// Returns true if the directories of the place do not exist. No process can hold a lock there.
bool is_place_gone(const StartRecord& record, os::Files& files) {
    return is_gone(directory_of(record.paths.pid_file), files) &&
           is_gone(directory_of(record.paths.control_socket), files);
}

Result<void> prepare(const RecordDirectory& directory, const os::Host& host) {
    if (directory.is_private) {
        Paths paths;
        paths.run_directory = directory_of(directory.path);
        paths.pid_file = directory.path;
        paths.choice = Paths::Choice::private_temporary;
        if (auto prepared = prepare_run_directory(paths, host); !prepared) return prepared;
    }
    if (auto made = host.files->create_directories(directory.path, 0755); !made) return made;
    const auto closed = os::is_closed_directory(*host.files, directory.path, this_user(host));
    if (!closed) return closed.error();
    if (*closed) return {};
    return Error{ExitCode::permission, "write records in", directory.path, "other users can change it"};
}

Result<void> write_whole(const std::string& path, const std::string& text, mode_t permissions, os::Files& files) {
    auto file = files.open_for_appending(path, permissions);
    if (!file) return file.error();
    if (const auto shortcoming = (*file)->shortcoming(); shortcoming && permissions == for_the_user)
        return *shortcoming;
    if (auto written = (*file)->write(text); written.failure) return *written.failure;
    return {};
}

std::string note_beside(std::string_view record) {
    return std::string{record.substr(0, record.size() - suffix.size())} + std::string{suffix_of_note};
}

void remove_with_note(const std::string& record, os::Files& files) {
    static_cast<void>(files.remove(record));
    static_cast<void>(files.remove(note_beside(record)));
}

/// \param names the files that were in the directory before
void tidy_up(const std::string& directory, const std::string& own, const StartRecord& record,
             std::vector<std::string> names, const os::Host& host) {
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(suffix); });
    const std::string end = end_of_name(record.paths);
    const std::string prefix = directory + "/";
    // They belong to earlier starts with this place, since this process holds its lock.
    for (const std::string& name : names)
        if (name != own && name.ends_with(end)) remove_with_note(prefix + name, *host.files);
    if (names.size() <= many_records) return;
    // Checks only some at each start, from a different position each time, so that no start takes long.
    const std::uint64_t first = sip_hash(record.started, hash_key) % names.size();
    std::rotate(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(first), names.end());
    names.resize(std::min(names.size(), looks_at_others));
    for (const std::string& name : names) {
        const auto other = read_record(prefix + name, this_user(host), *host.files);
        if (other && is_place_gone(*other, *host.files)) remove_with_note(prefix + name, *host.files);
    }
}

std::string file_name(const StartRecord& record) { return record.naming.service + end_of_name(record.paths); }

/// \returns the path of the record
Result<std::string> write_in(const RecordDirectory& directory, const StartRecord& record, const os::Host& host) {
    if (auto prepared = prepare(directory, host); !prepared) return prepared.error();
    os::Files& files = *host.files;
    auto names = files.list(directory.path);
    if (!names) return names.error();
    const std::string name = file_name(record);
    const std::string path = directory.path + "/" + name;
    const std::string unfinished_name = "." + name + "." + std::to_string(host.process->id());
    const std::string unfinished = directory.path + "/" + unfinished_name;
    // An earlier process with this pid may have crashed here.
    if (std::find(names->begin(), names->end(), unfinished_name) != names->end())
        if (auto removed = files.remove(unfinished); !removed) return removed.error();
    const mode_t permissions = record.naming.is_from_environment ? for_the_user : for_all;
    auto done = write_whole(unfinished, to_text(record), permissions, files);
    if (done) done = files.rename(unfinished, path);
    if (!done) {
        static_cast<void>(files.remove(unfinished));
        return done.error();
    }
    tidy_up(directory.path, name, record, *std::move(names), host);
    return path;
}

std::vector<std::string> paths_of(const std::vector<RecordDirectory>& directories) {
    std::vector<std::string> paths;
    for (const RecordDirectory& directory : directories) paths.push_back(directory.path);
    return paths;
}

std::optional<std::vector<RecordDirectory>> chosen_directories(const os::Host& host) {
    const auto chosen = host.environment->get(records_variable);
    if (!chosen) return std::nullopt;
    if (chosen->front() != '/') return std::vector<RecordDirectory>{};
    return std::vector{RecordDirectory{*chosen, false}};
}

std::vector<RecordDirectory> directories_of_starts(const os::Host& host) {
    const auto chosen = chosen_directories(host);
    return chosen ? *chosen : default_record_directories(host);
}

/// The files of one directory that may be records, with the contents of those that count.
class Shelf {
public:
    Shelf(std::string directory, const std::vector<uid_t>& users, const os::Host& host)
        : directory_{std::move(directory)}, users_{users}, files_{*host.files} {
        const auto closed = os::is_closed_directory(files_, directory_, users);
        if (!closed || !*closed) return;
        if (auto names = files_.list(directory_)) names_ = *std::move(names);
    }
    /// Returns the records whose file names meet the condition.
    template <class Condition>
    [[nodiscard]] std::vector<StartRecord> records(const Condition& condition) const {
        std::vector<StartRecord> found;
        const std::string prefix = directory_ + "/";
        for (const std::string& name : names_) {
            if (!condition(name)) continue;
            if (auto record = read_record(prefix + name, users_, files_)) found.push_back(*std::move(record));
        }
        return found;
    }

private:
    std::string directory_;
    const std::vector<uid_t>& users_;
    os::Files& files_;
    std::vector<std::string> names_;
};

bool have_one_place(const StartRecord& one, const StartRecord& other) {
    return one.paths.pid_file == other.paths.pid_file && one.paths.control_socket == other.paths.control_socket;
}

}  // namespace

std::vector<std::string> record_directories_of_starts(const os::Host& host) {
    return paths_of(directories_of_starts(host));
}

std::vector<std::string> record_directories_to_search(const StartNaming& given, const os::Host& host) {
    const auto chosen = chosen_directories(host);
    // The directory of a service manager has the name of the instance.
    const auto name = given.arguments.get<std::string>(setting::name.name, given.service);
    return paths_of(chosen ? *chosen : possible_record_directories(name, host));
}

Result<std::optional<StartRecord>> last_start_record(const StartRecord& record, const os::Host& host) {
    std::optional<StartRecord> last;
    if (!is_valid_name(record.naming.service)) return last;
    const std::vector<uid_t> users = this_user(host);
    std::optional<Error> first;
    for (const RecordDirectory& directory : directories_of_starts(host)) {
        const auto closed = os::is_closed_directory(*host.files, directory.path, users);
        if (!closed && !first) first = closed.error();
        if (!closed || !*closed) continue;
        auto found = read_record(directory.path + "/" + file_name(record), users, *host.files);
        if (found && have_one_place(*found, record) && (!last || last->started < found->started))
            last = std::move(found);
    }
    if (!last && first) return *first;
    return last;
}

Result<std::string> write_start_record(const StartRecord& record, const os::Host& host) {
    if (!is_valid_name(record.naming.service)) return std::string{};
    std::optional<Error> first;
    for (const RecordDirectory& directory : directories_of_starts(host)) {
        const auto written = write_in(directory, record, host);
        if (written) return note_beside(*written);
        if (!first) first = written.error();
    }
    return first ? Result<std::string>{*first} : Result<std::string>{std::string{}};
}

std::vector<StartRecord> find_start_records(const StartNaming& given, const os::Host& host) {
    const std::vector<uid_t> users = this_user(host);
    std::vector<Shelf> shelves;
    for (std::string& directory : record_directories_to_search(given, host))
        shelves.emplace_back(std::move(directory), users, host);

    std::vector<StartRecord> meant;
    for (const Shelf& shelf : shelves)
        for (StartRecord& record :
             shelf.records([&](const std::string& name) { return is_record_of(name, given.service); }))
            if (is_meant(record, given, host)) meant.push_back(std::move(record));
    // The clock may have been set back, but the starts of one place have one order, since the place has one lock.
    std::stable_sort(meant.begin(), meant.end(),
                     [](const StartRecord& one, const StartRecord& other) { return one.started > other.started; });

    const auto is_replaced = [&](const StartRecord& record) {
        const std::string end = end_of_name(record.paths);
        for (const Shelf& shelf : shelves)
            for (const StartRecord& other : shelf.records([&](const std::string& name) { return name.ends_with(end); }))
                if (have_one_place(record, other) && other.started > record.started) return true;
        return false;
    };
    std::erase_if(meant, is_replaced);
    return meant;
}

std::vector<StartRecord> all_start_records(const std::vector<std::string>& directories, const os::Host& host) {
    const std::vector<uid_t> users = this_user(host);
    const auto chosen = chosen_directories(host);
    std::map<std::pair<std::string, std::string>, StartRecord> latest;
    for (const std::string& directory : chosen ? paths_of(*chosen) : directories) {
        const auto is_finished = [](const std::string& name) {
            return !name.starts_with('.') && name.ends_with(suffix);
        };
        for (StartRecord& record : Shelf{directory, users, host}.records(is_finished)) {
            std::pair place{record.paths.pid_file, record.paths.control_socket};
            const auto known = latest.find(place);
            if (known == latest.end())
                latest.emplace(std::move(place), std::move(record));
            else if (known->second.started < record.started)
                known->second = std::move(record);
        }
    }
    std::vector<StartRecord> all;
    for (auto& [place, record] : latest) all.push_back(std::move(record));
    return all;
}

}  // namespace servicekit
